// SPDX-License-Identifier: BSD-3-Clause
#include "internal/fingerprint.h"

#include <criterion/criterion.h>

// printf %s abc | sha256sum | cut -c1-16
Test(fingerprint, it_is_what_sha256sum_begins_with)
{
	cr_assert_eq(jg_fingerprint("", 0), UINT64_C(0xe3b0c44298fc1c14));
	cr_assert_eq(jg_fingerprint("abc", 3), UINT64_C(0xba7816bf8f01cfea));
}

Test(fingerprint, one_bit_or_one_byte_more_is_another_token)
{
	cr_assert_neq(jg_fingerprint("abc", 3), jg_fingerprint("abb", 3));
	cr_assert_neq(jg_fingerprint("abc", 3), jg_fingerprint("abc", 4));
	cr_assert_neq(jg_fingerprint("abc", 3), jg_fingerprint("abc", 2));
}
