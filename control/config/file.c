// SPDX-License-Identifier: BSD-3-Clause
// Files: the configuration itself, and those that hold keys.
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char *bytes, size_t limit, size_t *len)
{
	for (*len = 0; *len < limit;) {
		ssize_t n = read(fd, bytes + *len, limit - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		*len += (size_t)n;
	}
	return 0;
}

int jg_config_slurp(const char *path, size_t limit, char **bytes, size_t *len, bool *open_to_others)
{
	struct stat st;
	int err = 0;
	char *buffer = NULL;
	size_t room = 0;
	// Not blocking: a fifo in a key's place must not hang the start.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if ((uint64_t)st.st_size > limit)
		err = -EFBIG;
	if (err != 0)
		goto out;
	*open_to_others = (st.st_mode & (S_IROTH | S_IWOTH)) != 0;
	room = (size_t)st.st_size + 1; // files of /proc and /sys say 0
	if (room < 4096)
		room = 4096;
	buffer = calloc(1, room + 1);
	err = buffer == NULL ? -ENOMEM : read_all(fd, buffer, room, len);
	if (err == 0 && *len > limit)
		err = -EFBIG;
	if (err != 0 && buffer != NULL) {
		explicit_bzero(buffer, room + 1);
		free(buffer);
	}
out:
	close(fd);
	if (err == 0)
		*bytes = buffer;
	return err;
}

static const char *why(int err)
{
	if (err == -EINVAL)
		return "is not a regular file";
	if (err == -EFBIG)
		return "is too large";
	return strerror(-err);
}

static char *join(struct loader *loader, const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = jg_config_memory_get(loader->config->memory, 1, size);
	if (path == NULL)
		loader->out_of_memory = true;
	else
		(void)snprintf(path, size, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
	return path;
}

// A name relative to the configuration's folder.
static char *resolve(struct loader *loader, const char *name)
{
	return join(loader, name[0] == '/' ? "" : loader->folder, name);
}

// A key file: what the service manager handed over under that name (LoadCredential=) comes first.
static char *resolve_key(struct loader *loader, const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (folder == NULL || folder[0] != '/' || name[0] == '/')
		return resolve(loader, name);
	char *path = join(loader, folder, name);
	return path == NULL || access(path, F_OK) == 0 ? path : resolve(loader, name);
}

void jg_config_path(struct loader *loader, const char *name, struct jg_str *to)
{
	char *path = resolve(loader, name);
	if (path != NULL)
		*to = (struct jg_str){path, (uint32_t)strlen(path)};
}

void jg_config_content(struct loader *loader, const struct setting *setting, const char *name,
	struct jg_str *to, const struct place *place)
{
	char *path = resolve_key(loader, name);
	if (path == NULL)
		return;
	char *bytes;
	size_t len;
	bool open_to_others;
	int err = jg_config_slurp(path, (size_t)setting->max + 1, &bytes, &len, &open_to_others);
	if (err != 0) {
		jg_config_mistake(loader, place,
			"names %s: %s; expected a readable file of at most %lld bytes", path,
			why(err), (long long)setting->max);
		return;
	}
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	char expected[64];
	jg_config_expected(setting, expected, sizeof(expected));
	if ((int64_t)len < setting->min || (int64_t)len > setting->max)
		jg_config_mistake(loader, place, "names %s, which holds %zu bytes; expected %s",
			path, len, expected);
	if (open_to_others && strstr(setting->path, "public") == NULL)
		jg_config_warning(loader, place,
			"names %s, which every user can read or change; run: chmod 600 %s", path,
			path);
	char *copy = jg_config_memory_get(loader->config->memory, 1, len + 1);
	if (copy == NULL) {
		loader->out_of_memory = true;
	} else {
		memcpy(copy, bytes, len);
		*to = (struct jg_str){copy, (uint32_t)len};
	}
	explicit_bzero(bytes, len);
	free(bytes);
}
