// A mail on a phone's screen: its subject and words between the texts, in the order in which they came.

import { el, withLinks } from "./elements.js";
import { clock, t } from "./words.js";

export function mailCard(mail, fresh) {
  return el(
    "li",
    { class: `text theirs is-mail${fresh ? " fresh" : ""}`, lang: mail.language || null },
    el("div", { class: "bubble mail" }, el("p", { class: "mail-subject" }, mail.subject), el("p", { class: "mail-body" }, ...withLinks(mail.body))),
    el("p", { class: "facts" }, `${t("mail")} · ${mail.to} · ${clock(mail.at)}`),
  );
}

// Texts and mails of one handset in the order of their time.
export function together(handset) {
  return [...handset.conversation, ...handset.mails.map((mail) => ({ ...mail, mail: true }))].sort((a, b) => a.at - b.at);
}
