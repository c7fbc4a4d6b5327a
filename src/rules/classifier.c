/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/classifier.h"

#include <assert.h>
#include <stdlib.h>

#include "rules/attribute.h"
#include "rules/classifier_layout.h"
#include "rules/normal_form.h"
#include "rules/partition.h"
#include "util/alloc.h"

#define PRODUCT_MAX 64    /* conjunctions out of one `and` of several `or`s */
#define BITS_MANY 65536u  /* conjunctions; with more, products are avoided */
#define BITS_MAX 1048576u /* with more, conditions stay whole */
#define NO_PIVOT DIMENSIONS_MAX
#define COST_MAX (1 + OWNER_PROCESS)

/* A literal that a dimension answers. */
struct term {
	uint32_t dimension;
	struct binding binding;
};

/* A conjunction on its way to a bit. */
struct entry {
	uint32_t rule;
	uint32_t pivot;
	size_t bit;
	size_t first_term;
	size_t n_terms;
	size_t first_residue;
	size_t n_residues;
};

struct builder {
	struct classifier *classifier;
	struct partition partitions[DIMENSIONS_MAX];
	struct entry *entries;
	size_t n_entries;
	size_t entries_capacity;
	struct term *terms;
	size_t n_terms;
	size_t terms_capacity;
	size_t n_residues;
	size_t residues_capacity;
};

static enum domain domain_of(const struct predicate *predicate)
{
	switch (predicate->kind) {
	case PREDICATE_NUMBERS:
		return DOMAIN_NUMBERS;
	case PREDICATE_ADDRESSES:
		return DOMAIN_ADDRESSES;
	case PREDICATE_TEXTS:
		return DOMAIN_TEXTS;
	case PREDICATE_KNOWN:
	case PREDICATE_GLOB:
	case PREDICATE_REGEX:
		break;
	}
	return DOMAIN_KNOWN;
}

static uint32_t find_dimension(struct builder *builder, const struct predicate *predicate)
{
	struct classifier *classifier = builder->classifier;
	enum domain domain = domain_of(predicate);
	uint32_t i = 0;
	for (; i < classifier->n_dimensions; i++)
		if (builder->partitions[i].attribute == predicate->attribute &&
		    builder->partitions[i].domain == domain)
			return i;
	/* Values of one attribute are of one kind: with DOMAIN_KNOWN it has two dimensions. */
	_Static_assert(ATTR_ARGS * 2 <= DIMENSIONS_MAX, "a bit for every dimension");
	assert(classifier->n_dimensions < DIMENSIONS_MAX);
	partition_init(&builder->partitions[i], predicate->attribute, domain);
	if (attribute_info(predicate->attribute)->is_expensive)
		classifier->expensive |= (uint64_t)1 << i;
	classifier->n_dimensions++;
	return i;
}

static void add_term(struct builder *builder, const struct literal *literal)
{
	uint32_t dimension = find_dimension(builder, literal->test);
	bool is_negated = literal->is_negated;
	struct term term = {
		.dimension = dimension,
		.binding = {.set = partition_add(&builder->partitions[dimension], literal),
			    .holds_inside = literal->test->is_negated == is_negated,
			    .holds_unknown = is_negated},
	};
	builder->terms = array_grow(builder->terms, builder->n_terms, &builder->terms_capacity,
				    sizeof(term));
	builder->terms[builder->n_terms++] = term;
}

static void add_residue(struct builder *builder, const struct literal *literal)
{
	struct classifier *classifier = builder->classifier;
	classifier->residues = array_grow(classifier->residues, builder->n_residues,
					  &builder->residues_capacity, sizeof(struct residue));
	classifier->residues[builder->n_residues++] =
		(struct residue){literal->condition, literal->is_negated};
}

static void mark_lonely_terms(struct builder *builder, const struct entry *entry)
{
	size_t uses[DIMENSIONS_MAX] = {0};
	size_t end = entry->first_term + entry->n_terms;
	for (size_t i = entry->first_term; i < end; i++)
		uses[builder->terms[i].dimension]++;
	for (size_t i = entry->first_term; i < end; i++)
		builder->terms[i].binding.is_alone = uses[builder->terms[i].dimension] == 1;
}

static void add_entry(struct builder *builder, uint32_t rule, const struct literal *literals,
		      size_t count)
{
	struct entry entry = {
		.rule = rule,
		.first_term = builder->n_terms,
		.first_residue = builder->n_residues,
	};
	for (size_t i = 0; i < count; i++) {
		if (literals[i].test)
			add_term(builder, &literals[i]);
		else
			add_residue(builder, &literals[i]);
	}
	entry.n_terms = builder->n_terms - entry.first_term;
	entry.n_residues = builder->n_residues - entry.first_residue;
	mark_lonely_terms(builder, &entry);
	builder->entries = array_grow(builder->entries, builder->n_entries,
				      &builder->entries_capacity, sizeof(entry));
	builder->entries[builder->n_entries++] = entry;
}

static void add_rule(struct builder *builder, uint32_t rule, const struct condition *condition)
{
	struct normal_form form;
	normal_form_init(&form, condition, builder->n_entries < BITS_MANY ? PRODUCT_MAX : 1);
	if (builder->n_entries + form.count > BITS_MAX) {
		struct literal whole = {.condition = condition};
		add_entry(builder, rule, &whole, condition ? 1 : 0);
	} else {
		for (size_t i = 0; i < form.count; i++)
			add_entry(builder, rule, form.items[i].literals, form.items[i].count);
	}
	normal_form_fini(&form);
}

/* Of what it takes to know the attribute: 0 little, 1 a country, and then the owner's levels. */
static unsigned cost_of(const struct partition *partition)
{
	const struct attribute_info *info = attribute_info(partition->attribute);
	return info->is_expensive + (unsigned)info->level;
}

/* The dimension that lets the least pass; a dearer one only where there is no cheaper. */
static uint32_t choose_pivot(const struct builder *builder, const struct entry *entry)
{
	uint32_t pivot = NO_PIVOT;
	double least = 0;
	for (size_t i = 0; i < entry->n_terms; i++) {
		const struct term *term = &builder->terms[entry->first_term + i];
		const struct binding *binding = &term->binding;
		double share = partition_share(&builder->partitions[term->dimension], binding->set,
					       binding->holds_inside);
		share += cost_of(&builder->partitions[term->dimension]) * 2.0;
		if (pivot == NO_PIVOT || share < least) {
			pivot = term->dimension;
			least = share;
		}
	}
	return pivot;
}

/* Gives the pivot's conjunctions bits from the next whole chunk on, in the order of the rules. */
static void add_group(struct builder *builder, uint32_t pivot)
{
	struct classifier *classifier = builder->classifier;
	struct classifier_group group = {
		.pivot = pivot,
		.has_pivot = pivot != NO_PIVOT,
		.first_chunk = classifier->n_chunks,
	};
	size_t bit = group.first_chunk * VECTOR_CHUNK_BITS, first_bit = bit;
	for (size_t i = 0; i < builder->n_entries; i++) {
		struct entry *entry = &builder->entries[i];
		if (entry->pivot != pivot)
			continue;
		if (bit == first_bit)
			group.first_rule = entry->rule;
		entry->bit = bit++;
	}
	if (bit == first_bit)
		return;
	group.end_chunk = (bit + VECTOR_CHUNK_BITS - 1) / VECTOR_CHUNK_BITS;
	classifier->n_chunks = group.end_chunk;
	classifier->groups[classifier->n_groups++] = group;
}

static void arrange(struct builder *builder)
{
	struct classifier *classifier = builder->classifier;
	for (size_t i = 0; i < classifier->n_dimensions; i++)
		partition_survey(&builder->partitions[i]);
	for (size_t i = 0; i < builder->n_entries; i++)
		builder->entries[i].pivot = choose_pivot(builder, &builder->entries[i]);
	for (uint32_t i = 0; i < classifier->n_dimensions; i++)
		if (!(classifier->expensive >> i & 1))
			add_group(builder, i);
	add_group(builder, NO_PIVOT);
	for (unsigned cost = 1; cost <= COST_MAX; cost++)
		for (uint32_t i = 0; i < classifier->n_dimensions; i++)
			if (cost_of(&builder->partitions[i]) == cost)
				add_group(builder, i);
}

static void fill_bit(struct builder *builder, const struct entry *entry)
{
	struct classifier *classifier = builder->classifier;
	struct classifier_bit *bit = &classifier->bits[entry->bit];
	struct classifier_chunk *chunk = &classifier->chunks[entry->bit / VECTOR_CHUNK_BITS];
	*bit = (struct classifier_bit){
		.rule = entry->rule,
		.first_residue = (uint32_t)entry->first_residue,
		.n_residues = (uint32_t)entry->n_residues,
	};
	for (size_t i = 0; i < entry->n_terms; i++)
		bit->dimensions |= (uint64_t)1 << builder->terms[entry->first_term + i].dimension;
	uint64_t pivot = entry->pivot == NO_PIVOT ? 0 : (uint64_t)1 << entry->pivot;
	chunk->dimensions |= bit->dimensions & ~pivot;
	if (entry->bit % VECTOR_CHUNK_BITS == 0)
		chunk->first_rule = entry->rule;
}

static void build_dimension(struct builder *builder, uint32_t dimension)
{
	struct classifier *classifier = builder->classifier;
	struct partition *partition = &builder->partitions[dimension];
	partition_start(partition, classifier->n_chunks);
	for (size_t i = 0; i < builder->n_entries; i++) {
		const struct entry *entry = &builder->entries[i];
		partition_allow(partition, entry->bit);
		for (size_t k = 0; k < entry->n_terms; k++) {
			const struct term *term = &builder->terms[entry->first_term + k];
			if (term->dimension == dimension)
				partition_bind(partition, entry->bit, term->binding);
		}
	}
	partition_build(partition, &classifier->vectors, &classifier->dimensions[dimension]);
	partition_fini(partition);
}

static void build_all(struct builder *builder)
{
	struct vector_draft draft;
	struct classifier *classifier = builder->classifier;
	vector_draft_init(&draft, classifier->n_chunks);
	for (size_t i = 0; i < builder->n_entries; i++)
		vector_draft_flip(&draft, builder->entries[i].bit / 64,
				  (uint64_t)1 << builder->entries[i].bit % 64);
	vector_list_init(&classifier->all, draft.n_rows);
	vector_list_add(&classifier->all, &classifier->vectors, &draft);
	vector_list_seal(&classifier->all);
	vector_draft_fini(&draft);
}

static void build_vectors(struct builder *builder)
{
	struct classifier *classifier = builder->classifier;
	classifier->bits =
		xcalloc(classifier->n_chunks, VECTOR_CHUNK_BITS * sizeof(*classifier->bits));
	classifier->chunks = xcalloc(classifier->n_chunks, sizeof(*classifier->chunks));
	for (size_t i = 0; i < builder->n_entries; i++)
		fill_bit(builder, &builder->entries[i]);
	vectors_init(&classifier->vectors);
	for (uint32_t i = 0; i < classifier->n_dimensions; i++)
		build_dimension(builder, i);
	build_all(builder);
	vectors_seal(&classifier->vectors);
}

struct classifier *classifier_new(struct condition *const *conditions, size_t count)
{
	struct builder *builder = xcalloc(1, sizeof(*builder));
	struct classifier *classifier = xcalloc(1, sizeof(*classifier));
	builder->classifier = classifier;
	for (size_t i = 0; i < count; i++)
		add_rule(builder, (uint32_t)i, conditions[i]);
	arrange(builder);
	if (builder->n_entries > 0)
		build_vectors(builder);
	free(builder->entries);
	free(builder->terms);
	free(builder);
	return classifier;
}

void classifier_free(struct classifier *classifier)
{
	if (!classifier)
		return;
	for (size_t i = 0; i < classifier->n_dimensions; i++)
		dimension_fini(&classifier->dimensions[i]);
	vector_list_fini(&classifier->all);
	vectors_fini(&classifier->vectors);
	free(classifier->bits);
	free(classifier->chunks);
	free(classifier->residues);
	free(classifier);
}
