// SPDX-License-Identifier: BSD-3-Clause
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int give(int fd, uid_t uid, gid_t gid)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		return -EMLINK;
	if (st.st_uid == uid && st.st_gid == gid)
		return 0;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 ? 0 : -errno;
}

int jg_owner_give(const char *path, uid_t uid, gid_t gid, struct jg_error *err)
{
	// O_PATH: closing it leaves SQLite's POSIX lock on the file alone.
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	int result = fd < 0 ? -errno : give(fd, uid, gid);
	if (fd >= 0)
		(void)close(fd);
	if (result == -ELOOP)
		jg_error_set(err, "user: %s is a symbolic link; name the file itself", path);
	else if (result == -EMLINK)
		jg_error_set(
			err, "user: %s has a second name (a hard link); remove one of them", path);
	else if (result != 0)
		jg_error_set(err, "user: %s cannot be given to uid %u: %s", path, uid,
			strerror(-result));
	return result;
}
