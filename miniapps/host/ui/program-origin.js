/** Where a version came from: a run of a CI system, by what its ID token said; or somebody of those who build it. */

import { h } from "../dom.js";
import { has, t } from "../i18n.js";
import { fact } from "./staff-words.js";

/** What is looked for first; whatever else its owner asks for comes after it, by its own name. */
const FIRST = [
  "repository", "project_path", "sub", "ref", "sha", "workflow_ref", "ci_config_ref_uri", "environment", "run_id", "run_attempt",
  "pipeline_id", "job_id",
];
const place = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** @param {{ publisher: string, issuer: string, claims: Record<string, string> } | null} origin */
export function originOf(origin) {
  if (!origin) return null;
  const told = Object.entries(origin.claims).sort(([one], [other]) => place(one) - place(other));
  return [
    h("h2.section", null, t("programs.origin")),
    h("p.hint-2", null, t("programs.origin.hint")),
    h(
      "dl.facts",
      { "data-testid": "origin" },
      told.map(([name, value]) => fact(has(`programs.claim.${name}`) ? t(`programs.claim.${name}`) : name, h("span.hash", null, value))),
      fact(t("programs.origin.issuer"), h("span.hash", null, origin.issuer)),
      fact(t("programs.origin.publisher"), h("span.hash", null, origin.publisher)),
    ),
  ];
}
