#include "CResources.h"

// #embed is C23; clang offers it in C17 as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Page aligned, so that tensors are as aligned as their offsets in the file and share no page with code.
_Alignas(4096) const unsigned char styleloss_weights[] = {
#embed "vgg16_imagenet_caffe.f32.safetensors"
};
const size_t styleloss_weights_count = sizeof styleloss_weights;

const unsigned char styleloss_openapi[] = {
#embed "../../openapi.yaml"
};
const size_t styleloss_openapi_count = sizeof styleloss_openapi;

const unsigned char styleloss_page_html[] = {
#embed "page/page.html"
};
const size_t styleloss_page_html_count = sizeof styleloss_page_html;

const unsigned char styleloss_page_css[] = {
#embed "page/page.css"
};
const size_t styleloss_page_css_count = sizeof styleloss_page_css;

const unsigned char styleloss_page_js[] = {
#embed "page/state.js"
    ,
#embed "page/files.js"
    ,
#embed "page/service.js"
    ,
#embed "page/compare.js"
    ,
#embed "page/show.js"
    ,
#embed "page/heat.js"
    ,
#embed "page/recipes.js"
    ,
#embed "page/start.js"
};
const size_t styleloss_page_js_count = sizeof styleloss_page_js;
