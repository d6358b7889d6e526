"use strict";
const reader = document.getElementById("reader");
window.Redoc.init(reader.dataset.schema, { disableSearch: false }, reader);
