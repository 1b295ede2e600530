// The pieces of the page's forms.

import { h } from "./element.mjs";
import { attempt, notice } from "./notice.mjs";

/** A labelled control. `hint` is shown below it and read by a screen reader. */
export function field(label, control, hint = "") {
  if (hint) control.setAttribute("aria-description", hint);
  return h("label", { class: "field", title: hint }, h("span", label), control);
}

/** A form of fields. `submit` is given the form. */
export function form(submit, ...children) {
  const sent = (event) => {
    event.preventDefault();
    submit(event.target);
  };
  return h("form", { class: "fields", submit: sent }, ...children);
}

export function textField(name, value = "", attributes = {}) {
  return h("input", { name, value, type: "text", spellcheck: "false", autocomplete: "off", ...attributes });
}

/** A list to choose from. Each option is `{value, label}`; `groups` puts them under headings: `{heading: [option…]}`. */
export function choice(name, groups, attributes = {}) {
  const option = ({ value, label }) => h("option", { value }, label);
  return h(
    "select",
    { name, ...attributes },
    Object.entries(groups).map(([heading, options]) =>
      heading ? h("optgroup", { label: heading }, options.map(option)) : options.map(option),
    ),
  );
}

export function button(label, click, attributes = {}) {
  return h("button", { type: "button", click, ...attributes }, label);
}

/** A button that copies a text; `text` is a function that gives it, at once or later. An Error of it is shown. */
export function copyButton(text, what, label = "Copy") {
  return button(
    label,
    async () => {
      let copied = "";
      if (
        !(await attempt(async () => {
          copied = await text();
        }))
      )
        return;
      try {
        await navigator.clipboard.writeText(copied);
        notice(`Copied ${what}.`);
      } catch {
        notice("The browser does not let this page copy. Select the text and copy it by hand.");
      }
    },
    { class: "quiet copy", "aria-label": label === "Copy" ? `Copy ${what}` : null },
  );
}
