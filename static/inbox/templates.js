// Templates in a form: only the chosen one's fields are shown, with a preview of what will be read.

const byId = (id) => document.getElementById(id);

/** Take care of the forms with templates that are on the page now. */
export function begin() {
  for (const form of document.querySelectorAll("[data-templates]")) settle(form);
}

function settle(form) {
  const select = form.elements.template;
  const from = form.elements.number?.selectedOptions[0];
  if (from) addressed(from);
  if (!select) return;
  if (from) belonging(form, select, from.dataset.channel);
  for (const fields of form.querySelectorAll("[data-template]")) {
    const chosen = fields.dataset.template === select.value;
    fields.hidden = fields.disabled = !chosen;
    for (const input of fields.querySelectorAll("input")) input.required = chosen;
    if (chosen) preview(fields);
  }
  const own = byId("text-field");
  if (own && form.contains(own)) {
    own.hidden = Boolean(select.value);
    form.elements.text.required = !select.value;
  }
}

/** Say how the customers behind this number are addressed. */
function addressed(from) {
  const to = byId("field-recipient");
  byId("to-help").textContent = from.dataset.help;
  to.type = to.inputMode = "phone" in from.dataset ? "tel" : "text";
  to.placeholder = "phone" in from.dataset ? "+41 79 123 45 10" : "";
}

/** Offer the templates of this channel alone. */
function belonging(form, select, channel) {
  const options = [...select.options].slice(1);
  for (const option of options) {
    option.hidden = option.disabled = option.dataset.channel !== channel;
    if (option.disabled && option.selected) select.value = "";
  }
  byId("template-field").hidden = options.every((option) => option.disabled);
}

function preview(fields) {
  const place = fields.querySelector(".preview");
  const given = new Map(Array.from(fields.querySelectorAll("[data-variable]"), (input) =>
    [input.dataset.variable, input.value.trim()]));
  const parts = place.dataset.body.split(/\{\{\s*([^{}\s]+)\s*\}\}/);
  place.replaceChildren(...parts.map((part, at) => {
    if (at % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = given.get(part) || `{{${part}}}`;
    return mark;
  }));
}

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.form;
    if (form && "templates" in form.dataset) settle(form);
  });
}
