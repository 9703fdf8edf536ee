// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzz entry over its corpus with any compiler: every seed as it is, then a few damaged
// copies of each, always the same ones. Seeds: each token of a .jsonl file of vectors, and every
// other file or folder of files as it stands.
#include <assert.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
static unsigned long runs;

static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

// The entry gets a heap copy of exactly that size, so that a read past the end is seen.
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(1, size == 0 ? 1 : size);
	assert(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

static void run_damaged(uint8_t *data, size_t size)
{
	const size_t at = next_random() % size;
	const uint8_t kept = data[at];
	switch (next_random() % 3) {
	case 0:
		run(data, at);
		return;
	case 1:
		data[at] ^= (uint8_t)(1u << (next_random() % 8));
		break;
	default:
		data[at] = (uint8_t)next_random();
		break;
	}
	run(data, size);
	data[at] = kept;
}

static void run_seed(uint8_t *data, size_t size)
{
	run(data, size);
	for (int i = 0; size > 0 && i < 8; i++)
		run_damaged(data, size);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		exit(2);
	}
	uint8_t *data = NULL;
	size_t room = 0;
	*size = 0;
	for (;;) {
		if (*size == room) {
			room = room == 0 ? 65536 : room * 2;
			data = realloc(data, room);
			assert(data != NULL);
		}
		const size_t got = fread(data + *size, 1, room - *size, file);
		if (got == 0)
			break;
		*size += got;
	}
	fclose(file);
	return data;
}

static void run_vectors(uint8_t *data, size_t size)
{
	static const char mark[] = "\"token\":\"";
	uint8_t *at = data, *end = data + size;
	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
		at += sizeof(mark) - 1;
		uint8_t *quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			break;
		run_seed(at, (size_t)(quote - at));
		at = quote;
	}
}

static void run_path(const char *path)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		struct dirent **names = NULL;
		const int n = scandir(path, &names, NULL, alphasort);
		for (int i = 0; i < n; i++) {
			char file[4096];
			snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
			if (names[i]->d_name[0] != '.')
				run_path(file);
			free(names[i]);
		}
		free(names);
		return;
	}
	size_t size = 0;
	uint8_t *data = read_file(path, &size);
	const size_t len = strlen(path);
	if (len > 6 && strcmp(path + len - 6, ".jsonl") == 0)
		run_vectors(data, size);
	else
		run_seed(data, size);
	free(data);
}

int main(int argc, char **argv)
{
	run((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs, none crashed\n", runs);
	return runs > 1 ? 0 : 1;
}
