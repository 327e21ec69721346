package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// device is a device that a user has remembered.
type device struct {
	user poolUser
	*types.DeviceType
}

// The attributes of a device that have a column.
const (
	deviceName       = "device_name"
	deviceStatus     = "device_status"
	deviceRemembered = "dev:device_remembered_status"
	deviceLastIP     = "last_ip_used"
)

// deviceFields are the columns of the devices table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeviceType.html
var deviceFields = []field[device]{
	{subColumn(), func(d device) any { return d.user.sub }},
	{keyColumn("device_key", "DeviceKey", "The identifier of the device."), func(d device) any { return text(d.DeviceKey) }},
	{column("username", dataflow.String, "Username", "The name the user signs in with."), func(d device) any { return word(d.user.username) }},
	{column("device_name", dataflow.String, deviceName, "What the app calls the device."), deviceAttribute(deviceName)},
	{column("device_status", dataflow.String, deviceStatus, "Whether the device is valid."), deviceAttribute(deviceStatus)},
	{column("remembered_status", dataflow.String, deviceRemembered, "Whether the device is remembered."), deviceAttribute(deviceRemembered)},
	{column("last_ip_address", dataflow.String, deviceLastIP, "The address that the device last signed in from."), deviceAttribute(deviceLastIP)},
	{column("created_at", dataflow.Timestamp, "DeviceCreateDate", "When the device was first seen."), func(d device) any { return moment(d.DeviceCreateDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "DeviceLastModifiedDate", "When the device was last changed."), func(d device) any { return moment(d.DeviceLastModifiedDate) }},
	{column("last_authenticated_at", dataflow.Timestamp, "DeviceLastAuthenticatedDate", "When somebody last signed in with it."), func(d device) any { return moment(d.DeviceLastAuthenticatedDate) }},
	{column(columnOtherAttributes, dataflow.TextMap, "DeviceAttributes", "Attributes of the device without a column, as they came."), otherDeviceAttributes},
}

func deviceAttribute(name string) func(device) any {
	return func(d device) any {
		for _, a := range d.DeviceAttributes {
			if aws.ToString(a.Name) == name {
				return text(a.Value)
			}
		}
		return nil
	}
}

func otherDeviceAttributes(d device) any {
	other := map[string]string{}
	for _, a := range d.DeviceAttributes {
		switch name := aws.ToString(a.Name); name {
		case "", deviceName, deviceStatus, deviceRemembered, deviceLastIP:
		default:
			other[name] = aws.ToString(a.Value)
		}
	}
	if len(other) == 0 {
		return nil
	}
	return other
}

var devicesSchema = dataflow.Schema{Columns: columns(deviceFields), Key: []string{attributeSub, "device_key"}, Version: columnUpdatedAt}

// scanDevices reads the devices of every user.
func scanDevices(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	values := project(deviceFields, schema)
	return dataflow.ScanReport{}, p.eachUser(ctx, func(ctx context.Context, user poolUser) error {
		return ofUser(ctx, p, adminListDevices, p.devicesOf(user.username, pageSize), func(d *types.DeviceType) error {
			return to.Put(rowOf(values, device{user, d}))
		})
	})
}

func (p *Pool) devicesOf(username string, limit int32) fetch[types.DeviceType] {
	return func(ctx context.Context, token *string) ([]types.DeviceType, *string, error) {
		out, err := call(ctx, p, adminListDevices, &cip.AdminListDevicesInput{
			UserPoolId: &p.target.poolID, Username: &username, Limit: &limit, PaginationToken: token,
		}, p.client.AdminListDevices)
		if err != nil {
			return nil, nil, err
		}
		return out.Devices, out.PaginationToken, nil
	}
}

func probeDevices(ctx context.Context, p *Pool) error {
	_, _, err := p.devicesOf(nobody, 1)(ctx, nil)
	return unlessAbsent(err)
}
