// The plain fields of the draft, as they are stored.

const FIELDS = ["headline", "event", "place", "status", "category", "urgency", "severity", "certainty", "description", "instruction", "onset", "expires"];

/** Read the form: texts as they stand, the mission as a number or null. */
export function formValues(form) {
  const values = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
  const mission = form.elements.mission_id.value;
  return { ...values, mission_id: mission ? Number(mission) : null };
}

/** Put a stored draft into the form. */
export function fillForm(form, draft) {
  FIELDS.forEach((name) => {
    form.elements[name].value = draft[name] ?? "";
  });
  form.elements.mission_id.value = draft.mission_id ?? "";
}
