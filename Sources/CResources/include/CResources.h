// Files compiled into the binary, so that one file is the whole service and nothing is looked up
// by path when it starts. Pages are mapped on demand: an untouched weight costs no memory.
#pragma once
#include <stddef.h>

extern const unsigned char styleloss_weights[];
extern const size_t styleloss_weights_count;

extern const unsigned char styleloss_openapi[];
extern const size_t styleloss_openapi_count;

// The page for browsers, in its three files.
extern const unsigned char styleloss_page_html[];
extern const size_t styleloss_page_html_count;
extern const unsigned char styleloss_page_css[];
extern const size_t styleloss_page_css_count;
extern const unsigned char styleloss_page_js[];
extern const size_t styleloss_page_js_count;

// Swift imports no array of unknown length, only pointers.
static inline const void *_Nonnull styleloss_weights_bytes(void) { return styleloss_weights; }
static inline const void *_Nonnull styleloss_openapi_bytes(void) { return styleloss_openapi; }
static inline const void *_Nonnull styleloss_page_html_bytes(void) { return styleloss_page_html; }
static inline const void *_Nonnull styleloss_page_css_bytes(void) { return styleloss_page_css; }
static inline const void *_Nonnull styleloss_page_js_bytes(void) { return styleloss_page_js; }
