// The page: files in, one request out, its answer drawn. Everything shown comes from the service's own
// answers; texts are set as text, never as HTML. The scripts of this folder are one module, in the
// order of resources.c.

const $ = (id) => document.getElementById(id);
const roles = ["output", "target", "mask"];
const files = {};
const state = { info: null, presets: [], answer: null, request: null, heat: new Map() };
