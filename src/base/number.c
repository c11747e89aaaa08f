/*
 * Integers are read and written by hand: they are on the path of every command. A 64-bit number has at most 20 decimal
 * digits, so its length is known before the first digit is written and two digits leave with each division. Floating
 * point goes through libc, whose results Redis's clients know; the process never leaves the "C" locale.
 */
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INT64_DIGITS = 19, /* digits of INT64_MAX; any number this long fits uint64_t */
	SHORT_DIGITS = 15, /* significant digits that every double keeps */
	LONG_DIGITS = 17,  /* significant digits that tell any two doubles apart */
	FRACTION_DIGITS = 17,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of one to INT64_DIGITS digits; false when anything else is among them. */
static bool parse_digits(const char *digits, size_t len, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (!is_digit(digits[i]))
			return false;
		value = value * 10 + (uint64_t)(digits[i] - '0');
	}
	*out = value;
	return true;
}

bool number_parse_int64(struct slice text, int64_t *out)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	size_t len = text.len - negative;
	uint64_t value;

	if (len == 0 || len > INT64_DIGITS || !parse_digits(text.data + negative, len, &value))
		return false;
	/* "-0", "00" and "01" are not canonical. */
	if (text.data[negative] == '0' && text.len > 1)
		return false;
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool number_parse_uint64(struct slice text, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (text.len == 0)
		return false;
	for (i = 0; i < text.len; i++) {
		if (!is_digit(text.data[i]))
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool number_parse_long_double(struct slice text, long double *out)
{
	char copy[NUMBER_LONG_DOUBLE_TEXT];
	long double value;
	char *end;

	if (text.len == 0 || text.len >= sizeof(copy) || isspace((unsigned char)text.data[0]))
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	errno = 0;
	value = strtold(copy, &end);
	if (end != copy + text.len || isnan(value))
		return false;
	/* Too large or too small; a subnormal sets ERANGE too, and is taken. */
	if (errno == ERANGE && (isinf(value) || value == 0))
		return false;
	*out = value;
	return true;
}

/* How many decimal digits `value` has: log10(2) is a little less than 1233 / 4096. */
static size_t count_digits(uint64_t value)
{
	static const uint64_t powers[] = {
		0ULL,
		10ULL,
		100ULL,
		1000ULL,
		10000ULL,
		100000ULL,
		1000000ULL,
		10000000ULL,
		100000000ULL,
		1000000000ULL,
		10000000000ULL,
		100000000000ULL,
		1000000000000ULL,
		10000000000000ULL,
		100000000000000ULL,
		1000000000000000ULL,
		10000000000000000ULL,
		100000000000000000ULL,
		1000000000000000000ULL,
		10000000000000000000ULL,
	};
	size_t bits = 64 - (size_t)__builtin_clzll(value | 1);
	size_t guess = bits * 1233 >> 12;

	return guess + (value >= powers[guess]);
}

size_t number_print_uint64(char *out, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	size_t len;
	char *at;

	/* Mostly it is the length of something short. */
	if (value < 10) {
		*out = (char)('0' + value);
		return 1;
	}
	len = count_digits(value);
	at = out + len;
	while (value >= 100) {
		at -= 2;
		memcpy(at, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10)
		memcpy(at - 2, pairs + value * 2, 2);
	else
		at[-1] = (char)('0' + value);
	return len;
}

size_t number_print_int64(char *out, int64_t value)
{
	if (value >= 0)
		return number_print_uint64(out, (uint64_t)value);
	*out = '-';
	return 1 + number_print_uint64(out + 1, 0 - (uint64_t)value);
}

static size_t print_infinity(char *out, bool negative)
{
	struct slice text = negative ? SLICE("-inf") : SLICE("inf");

	memcpy(out, text.data, text.len);
	return text.len;
}

size_t number_print_double(char *out, double value)
{
	int digits, len = 0;

	if (isnan(value)) {
		memcpy(out, "nan", 3);
		return 3;
	}
	if (isinf(value))
		return print_infinity(out, value < 0);
	/* Whole numbers that a double counts one by one; -0.0 keeps its sign below. */
	if (fabs(value) < 0x1p53 && value == (double)(int64_t)value && !(value == 0 && signbit(value)))
		return number_print_int64(out, (int64_t)value);
	for (digits = SHORT_DIGITS; digits <= LONG_DIGITS; digits++) {
		len = snprintf(out, NUMBER_DOUBLE_TEXT, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	return (size_t)len;
}

/* For machines whose long double is a double (Apple's): 17 decimals would show its rounding error, 10.6 as
 * 10.59999999999999964. Takes the fewest decimals that read back as the same number. */
static int print_narrow(char *out, double value)
{
	int decimals, len = 0;

	for (decimals = 0; decimals <= FRACTION_DIGITS; decimals++) {
		len = snprintf(out, NUMBER_LONG_DOUBLE_TEXT, "%.*f", decimals, value);
		if (len >= NUMBER_LONG_DOUBLE_TEXT || strtod(out, NULL) == value)
			break;
	}
	return len;
}

/* The length of `text` without the zeros, and the point, that end its fraction. */
static size_t trim_fraction(const char *text, size_t len)
{
	if (memchr(text, '.', len) == NULL)
		return len;
	while (text[len - 1] == '0')
		len--;
	return text[len - 1] == '.' ? len - 1 : len;
}

size_t number_print_long_double(char *out, long double value)
{
	int printed;
	size_t len;

	if (isinf(value))
		return print_infinity(out, value < 0);
	if (LDBL_MANT_DIG == DBL_MANT_DIG)
		printed = print_narrow(out, (double)value);
	else
		printed = snprintf(out, NUMBER_LONG_DOUBLE_TEXT, "%.*Lf", FRACTION_DIGITS, value);
	if (printed < 0 || printed >= NUMBER_LONG_DOUBLE_TEXT)
		return 0;
	len = trim_fraction(out, (size_t)printed);
	if (len == 2 && memcmp(out, "-0", 2) == 0) {
		out[0] = '0';
		len = 1;
	}
	return len;
}

/* Bytes in one `unit` of redis.conf, or 0 when there is no such unit. */
static int64_t memory_unit(struct slice unit)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {
		{"", 1},
		{"b", 1},
		{"k", 1000},
		{"kb", 1024},
		{"m", 1000 * 1000},
		{"mb", 1024 * 1024},
		{"g", 1000 * 1000 * 1000},
		{"gb", 1024 * 1024 * 1024},
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (slice_is_word(unit, units[i].name))
			return units[i].bytes;
	}
	return 0;
}

bool number_parse_memory(struct slice text, int64_t *bytes)
{
	size_t digits = 0;
	uint64_t count;
	int64_t unit, total;

	while (digits < text.len && is_digit(text.data[digits]))
		digits++;
	if (!number_parse_uint64((struct slice){text.data, digits}, &count))
		return false;
	unit = memory_unit((struct slice){text.data + digits, text.len - digits});
	if (unit == 0 || __builtin_mul_overflow(count, unit, &total))
		return false;
	*bytes = total;
	return true;
}
