/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/yaml_hint.h"
#include "util/alloc.h"

/* A list or map that is still open. */
struct level {
	struct node *node;
	struct node *key; /* of a map: waits for its value */
	size_t items_capacity;
	size_t keys_capacity;
};

struct builder {
	yaml_parser_t parser;
	const struct source *source;
	struct diags *diags;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	size_t n_nodes;
	unsigned n_documents;
	struct node *root;
};

static struct place place_of(const struct builder *builder, yaml_mark_t mark)
{
	return (struct place){builder->source->path, (unsigned)mark.line + 1,
			      (unsigned)mark.column + 1};
}

static struct node *node_new(struct builder *builder, enum node_kind kind,
			     const yaml_event_t *event)
{
	struct node *node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->at = place_of(builder, event->start_mark);
	node->end = place_of(builder, event->end_mark);
	builder->n_nodes++;
	return node;
}

static enum node_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return STYLE_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
		return STYLE_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE:
		return STYLE_FOLDED;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		break;
	}
	return STYLE_PLAIN;
}

/* Escapes in "…" can write what the file itself may not hold. */
static bool is_clean(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f)
			return false;
		if (byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			return false;
	}
	return true;
}

static struct node *text_new(struct builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	if (!is_clean(text, length)) {
		diag_error(builder->diags, place_of(builder, event->start_mark),
			   "this text holds a control character: remove its escape");
		return NULL;
	}
	struct node *node = node_new(builder, NODE_TEXT, event);
	node->text = xstrndup(text, length);
	node->style = style_of(event->data.scalar.style);
	return node;
}

/* Puts a node where it belongs; takes it over also on failure. */
static int attach(struct builder *builder, struct node *node)
{
	if (builder->depth == 0) {
		builder->root = node;
		return 0;
	}
	struct level *level = &builder->levels[builder->depth - 1];
	struct node *parent = level->node;
	if (parent->kind == NODE_MAP && !level->key) {
		level->key = node;
		if (node->kind == NODE_TEXT)
			return 0;
		diag_error(builder->diags, node->at,
			   "a key is a text, not a list or a map: text that begins with [ or { "
			   "needs quotes");
		return -EINVAL;
	}
	parent->items = array_grow(parent->items, parent->count, &level->items_capacity,
				   sizeof(struct node *));
	if (parent->kind == NODE_MAP) {
		parent->keys = array_grow(parent->keys, parent->count, &level->keys_capacity,
					  sizeof(struct node *));
		parent->keys[parent->count] = level->key;
		level->key = NULL;
	}
	parent->items[parent->count++] = node;
	return 0;
}

static int open_level(struct builder *builder, struct node *node)
{
	int error = attach(builder, node);
	if (error)
		return error;
	if (builder->depth == YAML_DEPTH_MAX) {
		diag_error(builder->diags, node->at,
			   "nested too deep: more than %d lists and maps inside each other",
			   YAML_DEPTH_MAX);
		return -EINVAL;
	}
	builder->levels[builder->depth++] = (struct level){.node = node};
	return 0;
}

static void close_level(struct builder *builder)
{
	struct node *node = builder->levels[--builder->depth].node;
	if (node->kind == NODE_MAP)
		node_drop_duplicates(node, builder->diags);
}

static int refuse(struct builder *builder, const yaml_event_t *event, const char *what)
{
	diag_error(builder->diags, place_of(builder, event->start_mark), "%s", what);
	return -EINVAL;
}

static int refuse_extras(struct builder *builder, const yaml_event_t *event,
			 const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse(builder, event,
			      "YAML anchors (&name) are not supported: write the value out, or put "
			      "text that begins with `&` in quotes");
	if (tag)
		return refuse(builder, event,
			      "YAML tags (!name) are not supported: put text that begins with `!` "
			      "in quotes");
	if (builder->n_nodes >= YAML_NODES_MAX)
		return refuse(builder, event, "the file is too large: too many keys and values");
	return 0;
}

static int on_scalar(struct builder *builder, const yaml_event_t *event)
{
	int error =
		refuse_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (error)
		return error;
	struct node *node = text_new(builder, event);
	return node ? attach(builder, node) : -EINVAL;
}

static int on_list(struct builder *builder, const yaml_event_t *event)
{
	int error = refuse_extras(builder, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
	if (error)
		return error;
	struct node *node = node_new(builder, NODE_LIST, event);
	node->is_flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	return open_level(builder, node);
}

static int on_map(struct builder *builder, const yaml_event_t *event)
{
	int error = refuse_extras(builder, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
	if (error)
		return error;
	struct node *node = node_new(builder, NODE_MAP, event);
	node->is_flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	return open_level(builder, node);
}

static int on_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->n_documents++ == 0)
			return 0;
		return refuse(builder, event,
			      "a second document begins here: one file holds one configuration, "
			      "remove this `---`");
	case YAML_ALIAS_EVENT:
		return refuse(builder, event,
			      "YAML aliases (*name) are not supported: write the value out, or put "
			      "text that begins with `*` in quotes");
	case YAML_SCALAR_EVENT:
		return on_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_list(builder, event);
	case YAML_MAPPING_START_EVENT:
		return on_map(builder, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_level(builder);
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

static struct yaml_situation situation_of(const struct builder *builder)
{
	struct yaml_situation situation = {0};
	const struct level *level = builder->depth ? &builder->levels[builder->depth - 1] : NULL;
	if (!level)
		return situation;
	const struct node *map = level->node, *key = level->key, *value = NULL;
	situation.is_flow = map->is_flow;
	if (map->kind == NODE_MAP && !key && map->count) {
		key = map->keys[map->count - 1];
		value = map->items[map->count - 1];
	}
	situation.after_if = key && key->kind == NODE_TEXT && strcmp(key->text, "if") == 0;
	situation.after_quoted_if = situation.after_if && value &&
				    (value->kind != NODE_TEXT || value->style != STYLE_PLAIN);
	return situation;
}

static int build(struct builder *builder)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&builder->parser, &event)) {
			struct yaml_situation situation = situation_of(builder);
			yaml_hint(&builder->parser, builder->source, &situation, builder->diags);
			return -EINVAL;
		}
		int error = on_event(builder, &event);
		bool at_end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (error || at_end)
			return error;
	}
}

int yaml_tree_build(struct source *source, struct diags *diags, struct yaml_tree *ret_tree)
{
	struct yaml_tree tree = {.source = *source};
	struct builder builder = {.source = &tree.source, .diags = diags};
	int error = -ENOMEM;
	*source = (struct source){0};
	if (yaml_parser_initialize(&builder.parser)) {
		yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&builder.parser,
					     (const unsigned char *)tree.source.bytes,
					     tree.source.length);
		error = build(&builder);
		yaml_parser_delete(&builder.parser);
	}
	for (size_t i = 0; i < builder.depth; i++)
		node_free(builder.levels[i].key);
	tree.root = builder.root;
	if (error)
		yaml_tree_fini(&tree);
	else
		*ret_tree = tree;
	return error;
}

void yaml_tree_fini(struct yaml_tree *tree)
{
	node_free(tree->root);
	source_fini(&tree->source);
	tree->root = NULL;
}

struct yaml_tree *yaml_trees_add(struct yaml_trees *trees, const struct yaml_tree *tree)
{
	trees->items =
		array_grow(trees->items, trees->count, &trees->capacity, sizeof(*trees->items));
	trees->items[trees->count] = *tree;
	return &trees->items[trees->count++];
}

const struct source *yaml_trees_source(const struct yaml_trees *trees, const char *path)
{
	size_t i = 0;
	while (i + 1 < trees->count && trees->items[i].source.path != path)
		i++;
	return &trees->items[i].source;
}

void yaml_trees_fini(struct yaml_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		yaml_tree_fini(&trees->items[i]);
	free(trees->items);
	*trees = (struct yaml_trees){0};
}
