"""A Cognito client that changes nothing on the way: timestamps stay the numbers that are on the wire."""
import boto3
import botocore.config
import botocore.session


def client(endpoint, region="us-east-1", key="AKIATEST", secret="secret"):
    session = botocore.session.get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=lambda seconds: seconds)
    return boto3.Session(botocore_session=session).client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        # boto3 checks what AWS would refuse anyway; what the server takes is for the server to say.
        config=botocore.config.Config(parameter_validation=False),
    )
