// SPDX-License-Identifier: BSD-3-Clause
#include "owner.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER 65534

struct folder {
	char path[64];
	char file[96];
	char other[96];
};

static void folder_init(struct folder *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/joingate-owner-XXXXXX");
	cr_assert_not_null(mkdtemp(f->path));
	snprintf(f->file, sizeof(f->file), "%s/file", f->path);
	snprintf(f->other, sizeof(f->other), "%s/other", f->path);
	int fd = open(f->file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void folder_fini(struct folder *f)
{
	(void)unlink(f->other);
	(void)unlink(f->file);
	(void)rmdir(f->path);
}

static uid_t owner_of(const char *path)
{
	struct stat st;
	cr_assert_eq(lstat(path, &st), 0);
	return st.st_uid;
}

Test(owner, a_file_that_is_not_there_needs_no_owner)
{
	struct folder f;
	struct jg_error err;
	folder_init(&f);
	cr_assert_eq(jg_owner_give(f.other, OTHER, OTHER, &err), 0);
	cr_assert_neq(access(f.other, F_OK), 0);
	folder_fini(&f);
}

Test(owner, whose_it_is_already_keeps_it)
{
	struct folder f;
	struct jg_error err;
	folder_init(&f);
	cr_assert_eq(jg_owner_give(f.file, geteuid(), getegid(), &err), 0);
	cr_assert_eq(owner_of(f.file), geteuid());
	folder_fini(&f);
}

Test(owner, root_gives_a_file_away_and_nobody_else_can)
{
	struct folder f;
	struct jg_error err;
	folder_init(&f);
	int result = jg_owner_give(f.file, OTHER, OTHER, &err);
	if (owner_of(f.file) == OTHER)
		cr_assert_eq(result, 0);
	else
		cr_assert_not_null(
			strstr(err.text, "cannot be given to uid 65534"), "%s", err.text);
	folder_fini(&f);
}

Test(owner, a_symbolic_link_is_refused_and_leads_nowhere)
{
	struct folder f;
	struct jg_error err;
	folder_init(&f);
	cr_assert_eq(symlink(f.file, f.other), 0);
	cr_assert_eq(jg_owner_give(f.other, OTHER, OTHER, &err), -ELOOP);
	cr_assert_not_null(strstr(err.text, "symbolic link"));
	cr_assert_eq(owner_of(f.file), geteuid());
	folder_fini(&f);
}

Test(owner, a_file_with_a_second_name_is_refused)
{
	struct folder f;
	struct jg_error err;
	folder_init(&f);
	cr_assert_eq(link(f.file, f.other), 0);
	cr_assert_eq(jg_owner_give(f.other, OTHER, OTHER, &err), -EMLINK);
	cr_assert_not_null(strstr(err.text, "second name"));
	cr_assert_eq(owner_of(f.file), geteuid());
	folder_fini(&f);
}
