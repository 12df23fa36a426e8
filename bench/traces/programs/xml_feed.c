// SPDX-License-Identifier: MIT
// Reads news feeds in pieces of odd sizes with expat, builds a tree of each, keeps the last few, and frees the rest.
//
//     xml_feed FEEDS
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

struct node {
  char* name;
  char* text;
  size_t text_size;
  struct node *parent, *children, *next;
};

static void free_tree(struct node* node) {
  while (node != NULL) {
    struct node* next = node->next;
    free_tree(node->children);
    free(node->name);
    free(node->text);
    free(node);
    node = next;
  }
}

static void XMLCALL begin(void* user, const XML_Char* name, const XML_Char** attributes) {
  struct node **current = user, *node = calloc(1, sizeof *node);
  node->name = strdup(name);
  if (attributes[0] != NULL) {
    node->text = strdup(attributes[1]);
    node->text_size = strlen(node->text);
  }
  node->parent = *current;
  if (*current != NULL) {
    node->next = (*current)->children;
    (*current)->children = node;
  }
  *current = node;
}

static void XMLCALL end(void* user, const XML_Char* name) {
  struct node** current = user;
  (void)name;
  if ((*current)->parent != NULL) *current = (*current)->parent;
}

static void XMLCALL text(void* user, const XML_Char* characters, int length) {
  struct node* node = *(struct node**)user;
  node->text = realloc(node->text, node->text_size + (size_t)length + 1);
  memcpy(node->text + node->text_size, characters, (size_t)length);
  node->text_size += (size_t)length;
  node->text[node->text_size] = '\0';
}

static size_t write_feed(char* feed, size_t size) {
  static const char prose[] =
      "the tide turned late and the boats &amp; crews waited beyond the bar &lt;again&gt; until the lamps were lit";
  size_t used = (size_t)snprintf(feed, size, "<?xml version='1.0'?>\n<feed xmlns:m='urn:m'>\n<title>harbour</title>\n");
  for (uint32_t entry = 0, entries = 5 + random_below(40); entry < entries; ++entry) {
    used += (size_t)snprintf(
        feed + used, size - used,
        "<entry id='e%u'><title>%.*s</title><m:by mail='%u@example.org'/><body><p>%.*s</p><p>%.*s</p></body></entry>\n",
        random_below(100000), (int)random_below(20), prose, random_below(900), (int)random_below(25), prose, 28, prose);
  }
  return used + (size_t)snprintf(feed + used, size - used, "</feed>\n");
}

// NULL when the feed is damaged.
static struct node* read_feed(const char* feed, size_t size) {
  struct node* current = NULL;
  XML_Parser parser = XML_ParserCreateNS("UTF-8", '|');
  XML_SetHashSalt(parser, 1);
  XML_SetUserData(parser, &current);
  XML_SetElementHandler(parser, begin, end);
  XML_SetCharacterDataHandler(parser, text);
  enum XML_Status status = XML_STATUS_OK;
  while (size > 0 && status == XML_STATUS_OK) {
    size_t piece = 1 + random_below(700);
    if (piece > size) piece = size;
    status = XML_Parse(parser, feed, (int)piece, piece == size);
    feed += piece;
    size -= piece;
  }
  XML_ParserFree(parser);
  if (status == XML_STATUS_OK) return current;
  free_tree(current);
  return NULL;
}

int main(int count, char** arguments) {
  enum { kept_count = 6 };
  static char feed[1 << 16];
  if (count != 2) return fputs("xml_feed: the number of feeds is missing\n", stderr), 2;
  struct node* kept[kept_count] = {0};
  for (int number = 0, feeds = atoi(arguments[1]); number < feeds; ++number) {
    struct node* tree = read_feed(feed, write_feed(feed, sizeof feed));
    if (tree == NULL) return fputs("xml_feed: a feed does not parse\n", stderr), 1;
    struct node** place = &kept[random_below(kept_count)];
    free_tree(*place);
    *place = tree;
  }
  for (int place = 0; place < kept_count; ++place) free_tree(kept[place]);
  return 0;
}
