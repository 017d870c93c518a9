// The second, independent evaluator: opening_hours.js. Reads {zone, expression, instants: [ms since 1970]}[] as JSON from standard
// input and writes, for each, a text of 0 and 1 or {error}. The zone of the process is set per question, as a browser in it would have.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const OpeningHours = createRequire(import.meta.url)("opening_hours");
const place = { lat: 0, lon: 0, address: { country_code: "xx", state: "" } };
const answers = [];
for (const { zone, expression, instants } of JSON.parse(readFileSync(0, "utf8"))) {
  process.env.TZ = zone;
  try {
    const hours = new OpeningHours(expression, place);
    answers.push(instants.map((at) => (hours.getState(new Date(at)) ? "1" : "0")).join(""));
  } catch (error) {
    answers.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(answers));
