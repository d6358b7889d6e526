"use strict";
const reader = document.getElementById("reader");
window.SwaggerUIBundle({
  url: reader.dataset.schema,
  domNode: reader,
  deepLinking: true,
  validatorUrl: null,
  tagsSorter: "alpha",
});
