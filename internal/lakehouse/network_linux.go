package lakehouse

import "golang.org/x/sys/unix"

// networkFileSystems are the file systems that several hosts share, by the number that statfs gives, and FUSE, behind which one may be.
// Source: https://man7.org/linux/man-pages/man2/statfs.2.html
var networkFileSystems = map[int64]bool{
	0x6969: true, 0x517b: true, 0xff534d42: true, 0xfe534d42: true, // NFS, SMB, CIFS, SMB2
	0x01021997: true, 0x65735546: true, 0x00c36400: true, 0x5346414f: true, // 9P, FUSE, Ceph, AFS
	0x0bd00bd0: true, 0x47504653: true, 0x01161970: true, 0x7461636f: true, // Lustre, GPFS, GFS2, OCFS2
}

// isOnNetwork says whether other hosts may share the file system of a folder. One that can't be looked at is not.
func isOnNetwork(folder string) bool {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return false
	}
	return networkFileSystems[int64(uint32(stat.Type))] //nolint:gosec // the number has 32 bits, whatever type holds it
}
