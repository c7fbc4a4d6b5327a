/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of the classifier: intervals, shared vectors, the normal form; and what the whole must
 * do beyond being right, which test_classifier_oracle.c sees to.
 */
#include "rules_fixture.h"

#include "rules/classifier.h"
#include "rules/intervals.h"
#include "rules/normal_form.h"
#include "rules/text_classes.h"
#include "rules/vectors.h"

static struct interval_key key(uint64_t high, uint64_t low)
{
	return (struct interval_key){high, low};
}

static void test_intervals(void **state)
{
	static const uint64_t cuts[] = {1, 80, 81, 443, 1024, 6881, 6890, 65535, 65536};
	struct intervals intervals = {0};
	(void)state;
	intervals_add(&intervals, key(0, 0), 100);
	for (uint32_t i = 0; i < COUNT(cuts); i++)
		intervals_add(&intervals, key(cuts[i], 0), i);
	intervals_seal(&intervals);
	for (uint32_t i = 0; i < COUNT(cuts); i++) {
		assert_int_equal(intervals_find(&intervals, key(cuts[i], 0)), i);
		assert_int_equal(intervals_find(&intervals, key(cuts[i] - 1, 0)),
				 i == 0 ? 100 : i - 1);
	}
	assert_int_equal(intervals_find(&intervals, key(UINT64_MAX, UINT64_MAX)), COUNT(cuts) - 1);
	intervals_fini(&intervals);
}

/* Keys that agree in the upper half; the lower half alone tells them apart. */
static void test_intervals_of_128_bits(void **state)
{
	const uint64_t high = 0x20010db800000000u;
	struct intervals intervals = {0};
	(void)state;
	intervals_add(&intervals, key(0, 0), 0);
	intervals_add(&intervals, key(high, 5), 1);
	intervals_add(&intervals, key(high, UINT64_MAX), 2);
	intervals_add(&intervals, key(high + 1, 0), 3);
	intervals_add(&intervals, key(UINT64_MAX, UINT64_MAX), 4);
	intervals_seal(&intervals);
	assert_int_equal(intervals_find(&intervals, key(0, 9)), 0);
	assert_int_equal(intervals_find(&intervals, key(high, 4)), 0);
	assert_int_equal(intervals_find(&intervals, key(high, 5)), 1);
	assert_int_equal(intervals_find(&intervals, key(high, UINT64_MAX - 1)), 1);
	assert_int_equal(intervals_find(&intervals, key(high, UINT64_MAX)), 2);
	assert_int_equal(intervals_find(&intervals, key(high + 1, 0)), 3);
	assert_int_equal(intervals_find(&intervals, key(UINT64_MAX, 0)), 3);
	assert_int_equal(intervals_find(&intervals, key(UINT64_MAX, UINT64_MAX)), 4);
	intervals_fini(&intervals);
}

/* Neighbours of one class are one; one interval alone is all there is. */
static void test_intervals_merge(void **state)
{
	struct intervals intervals = {0};
	(void)state;
	intervals_add(&intervals, key(0, 0), 7);
	intervals_add(&intervals, key(10, 0), 7);
	intervals_seal(&intervals);
	assert_int_equal(intervals.count, 1);
	assert_int_equal(intervals_find(&intervals, key(0, 0)), 7);
	assert_int_equal(intervals_find(&intervals, key(UINT64_MAX, 0)), 7);
	intervals_fini(&intervals);
}

static void test_vectors_are_shared(void **state)
{
	const size_t n_chunks = 40; /* three rows */
	struct vectors vectors;
	struct vector_list list;
	struct vector_draft draft;
	(void)state;
	vectors_init(&vectors);
	vector_draft_init(&draft, n_chunks);
	vector_list_init(&list, draft.n_rows);
	assert_int_equal(list.n_rows, 3);
	assert_int_equal(vector_list_add(&list, &vectors, &draft), 0);
	assert_int_equal(vectors.count, 1); /* the empty chunk is the empty row too */
	vector_draft_flip(&draft, 39 * VECTOR_WORDS + 7, 1);
	assert_int_equal(vector_list_add(&list, &vectors, &draft), 1);
	assert_int_equal(vectors.count, 3);
	/* The same chunk and the same row at another place. */
	vector_draft_flip(&draft, 39 * VECTOR_WORDS + 7, 1);
	vector_draft_flip(&draft, 7 * VECTOR_WORDS + 7, 1);
	assert_int_equal(vector_list_add(&list, &vectors, &draft), 2);
	assert_int_equal(vectors.count, 3);
	vector_draft_flip(&draft, 7 * VECTOR_WORDS + 7, 1);
	assert_int_equal(vector_list_add(&list, &vectors, &draft), 0);
	vector_list_seal(&list);
	vectors_seal(&vectors);
	for (size_t chunk = 0; chunk < n_chunks; chunk++) {
		const union vector_node *node =
			vectors_chunk(&vectors, vector_list_rows(&list, 2), chunk);
		assert_int_equal(node->words[7], chunk == 7);
		assert_int_equal(vectors_is_empty(&vectors, node), chunk != 7);
	}
	vector_draft_fini(&draft);
	vector_list_fini(&list);
	vectors_fini(&vectors);
}

static void test_text_classes(void **state)
{
	struct text_classes classes = {0};
	(void)state;
	assert_int_equal(text_classes_find(&classes, "wan0", 4, 9), 9);
	text_classes_init(&classes, 3);
	text_classes_add(&classes, "wan0", 1);
	text_classes_add(&classes, "wan", 2);
	text_classes_add(&classes, "a name of more than eight bytes", 3);
	assert_int_equal(text_classes_find(&classes, "wan0x", 4, 9), 1);
	assert_int_equal(text_classes_find(&classes, "wan0x", 3, 9), 2);
	assert_int_equal(text_classes_find(&classes, "wan0x", 5, 9), 9);
	assert_int_equal(text_classes_find(&classes, "", 0, 9), 9);
	assert_int_equal(text_classes_find(&classes, "a name of more than eight bytes", 31, 9), 3);
	text_classes_fini(&classes);
}

static void assert_form(const char *text, size_t product_max, size_t count, size_t literals)
{
	struct normal_form form;
	struct condition *condition = expression(text);
	normal_form_init(&form, condition, product_max);
	size_t sum = 0;
	for (size_t i = 0; i < form.count; i++)
		sum += form.items[i].count;
	if (form.count != count || sum != literals)
		fail_msg("%s: %zu conjunctions of %zu literals", text, form.count, sum);
	normal_form_fini(&form);
	condition_free(condition);
}

static void test_normal_form(void **state)
{
	(void)state;
	assert_form("dport == 25", 64, 1, 1);
	assert_form("dport == 25 and proto == tcp and cc", 64, 1, 3);
	/* Tests of one attribute are one, those of another are not; nor are negated ones. */
	assert_form("dport == 25 or dport == 26 or dport in [27, 28]", 64, 1, 1);
	assert_form("dport == 25 or sport == 25 or dport == 26", 64, 2, 2);
	assert_form("dport != 25 or dport != 26", 64, 2, 2);
	assert_form("not (dport == 25 or dport == 26 or sport == 9)", 64, 1, 2);
	assert_form("not (dport == 25 and sport == 9)", 64, 2, 2);
	assert_form("not not (dport == 25 and sport == 9)", 64, 1, 2);
	assert_form("(dport == 1 or sport == 1) and (iif == a or oif == b)", 64, 4, 8);
	assert_form("(dport == 1 or sport == 1) and cc and (iif == a or oif == b)", 3, 2, 6);
	/* A pattern is a literal by itself. */
	assert_form("iif like 'a*' or iif like 'b*'", 64, 2, 2);
}

/* `and` of twenty `or`s: a million conjunctions, if it were multiplied out. */
static void test_normal_form_does_not_explode(void **state)
{
	struct normal_form form;
	char text[20 * 64] = "";
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		sprintf(text + strlen(text), "%s(dport != %u or sport != %u)", i ? " and " : "", i,
			i);
	struct condition *condition = expression(text);
	normal_form_init(&form, condition, 64);
	assert_int_equal(form.count, 64);
	for (size_t i = 0; i < form.count; i++)
		assert_int_equal(form.items[i].count, 20);
	normal_form_fini(&form);
	condition_free(condition);
}

static int match(const char *const *texts, size_t count, const struct facts *facts)
{
	struct condition *conditions[16] = {NULL};
	struct evaluation evaluation = evaluation_of(facts);
	for (size_t i = 0; i < count; i++)
		conditions[i] = texts[i] ? expression(texts[i]) : NULL;
	struct classifier *classifier = classifier_new(conditions, count);
	bool in_doubt;
	int result = classifier_match(classifier, &evaluation, 0, &in_doubt);
	assert_false(in_doubt);
	classifier_free(classifier);
	for (size_t i = 0; i < count; i++)
		condition_free(conditions[i]);
	return result;
}

static void test_no_conditions(void **state)
{
	static const char *const always[] = {"dport == 1", NULL, NULL};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_int_equal(match(NULL, 0, &sample.facts), -1);
	assert_int_equal(match(always, 1, &sample.facts), -1);
	assert_int_equal(match(always, 3, &sample.facts), 1);
}

/* Two values, not three: what is not known fails every test, and passes every test's `not`. */
static void test_unknown(void **state)
{
	static const char *const no[] = {
		"rport == 1",     "rport != 1",           "rport < 9",       "rport", "iif != wan0",
		"cc not in [NZ]", "icmp-type in [0-255]", "not not cc != NZ"};
	static const char *const yes[] = {"not rport == 1", "not rport != 1", "not iif == wan0",
					  "not cc", "not (cc in [NZ] or rport == 9)"};
	struct sample sample;
	(void)state;
	sample_gre(&sample);
	sample.facts.iif = NULL;
	assert_int_equal(match(no, COUNT(no), &sample.facts), -1);
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_int_equal(match(&yes[i], 1, &sample.facts), 0);
}

/* A country is looked up only for a candidate that depends on it and comes before a sure match. */
static void test_country_is_looked_up_late(void **state)
{
	static const char *const late[] = {"cc == AU and dport == 80", "dport == 443", "cc == NZ"};
	static const char *const needed[] = {"cc == AU and dport == 443", "dport == 443"};
	struct condition *conditions[3];
	struct sample sample;
	(void)state;
	sample_out(&sample);
	for (unsigned round = 0; round < 2; round++) {
		const char *const *texts = round ? needed : late;
		size_t count = round ? COUNT(needed) : COUNT(late);
		for (size_t i = 0; i < count; i++)
			conditions[i] = expression(texts[i]);
		struct classifier *classifier = classifier_new(conditions, count);
		struct evaluation evaluation = evaluation_of(&sample.facts);
		bool in_doubt;
		assert_int_equal(classifier_match(classifier, &evaluation, 0, &in_doubt), 1);
		assert_int_equal(evaluation.has_looked_up, round == 1);
		classifier_free(classifier);
		for (size_t i = 0; i < count; i++)
			condition_free(conditions[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_intervals_of_128_bits),
		cmocka_unit_test(test_intervals_merge),
		cmocka_unit_test(test_vectors_are_shared),
		cmocka_unit_test(test_text_classes),
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_normal_form_does_not_explode),
		cmocka_unit_test(test_no_conditions),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_country_is_looked_up_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
