// Dropping a CAP file anywhere on its field: the field takes it and says its name.

const zone = document.querySelector("[data-drop]");
const input = zone?.querySelector("input[type=file]");

if (zone && input) {
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("is-over", on);
  };
  const name = zone.querySelector("[data-file-name]");
  input.addEventListener("change", () => {
    name.textContent = [...input.files].map((file) => file.name).join(", ");
  });
  zone.addEventListener("dragenter", over(true));
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    input.form.requestSubmit();
  });
}
