/** What people see in the place of a secret. */
export const HIDDEN = '[redacted]';

/** A part of a name, between `_`, `-` and `.`, that says: my value is a secret. */
const SECRET_PART =
  /(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|AUTH|AUTHORIZATION|BEARER|COOKIE|DSN)S?\d*$|^(PW|PASS|HFT)$/i;

/** Shapes that are secrets whatever their name; the first group, if any, stays. */
const SECRET_SHAPES: readonly RegExp[] = [
  /\b(Bearer\s+|Basic\s+)[\w.~+/=-]{6,}/gi,
  /\b(?:sk|pk|hf|ghp|gho|ghs|xox[abp]|glpat|nvapi|AIza)[-_][\w-]{6,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g,
  /\b(\w+:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g,
  /((?:api[-_]?key|access[-_]?key|token|secret|passw(?:or)?d|authorization)["']?\s*[=:]\s*["']?)(?!Bearer\b|Basic\b|\[redacted\])[^\s"',}]{4,}/gi,
];

/** Whether a name, of a variable or of a flag, announces a secret. */
export function isSecretName(name: string): boolean {
  return name.split(/[-_.]/).some((part) => SECRET_PART.test(part));
}

/** Hides whatever looks like a secret by itself, whoever says it. */
export function hideSecretShapes(text: string): string {
  const hide = (_: string, kept: unknown): string => (typeof kept === 'string' ? kept : '') + HIDDEN;
  return SECRET_SHAPES.reduce((shown, shape) => shown.replace(shape, hide), text);
}
