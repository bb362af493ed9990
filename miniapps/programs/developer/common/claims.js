/** What a CI run's ID token says, in words: of a publisher what it must say, of a version what it said. */
import { t } from './words.js';

/** One of these says whose runs: the city takes no publisher without (`miniapps/developers/runs.py`). */
export const WHOSE = ['repository', 'project_path', 'sub', 'repository_id', 'project_id'];
const FIRST = [...WHOSE, 'ref', 'sha', 'workflow_ref', 'ci_config_ref_uri', 'environment', 'run_id', 'run_attempt', 'pipeline_id', 'job_id'];
/** What is not known here comes last, by its own name. */
const place = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

export const claimName = (name) => t(`claim.${name}`) ?? name;

/** Whose run it is, shortly. Claims that do not say it (the city refuses those) are shown as they are. */
export const named = (claims) =>
  claims[WHOSE.find((name) => claims[name])] ??
  Object.entries(claims)
    .map((one) => one.join('='))
    .join(', ');

/** @param {Record<string, string>} claims  @returns {[string, string][]} */
export const inOrder = (claims) => Object.entries(claims).sort(([one], [other]) => place(one) - place(other));
