import type { LogTimeFormat } from '../config/types.ts';

/**
 * A moment in the local time zone, in one of the forms that Go's time package has names for. Where a form shows more than
 * milliseconds, zeros follow.
 */
export function formatLineTime(format: LogTimeFormat, at: Date): string {
  return FORMS[format](at);
}

const FORMS: Readonly<Record<LogTimeFormat, (at: Date) => string>> = {
  ansic: (at) => `${weekday(at)} ${month(at)} ${paddedDay(at)} ${clock(at)} ${at.getFullYear()}`,
  unixdate: (at) => `${weekday(at)} ${month(at)} ${paddedDay(at)} ${clock(at)} ${zone(at)} ${at.getFullYear()}`,
  rubydate: (at) => `${weekday(at)} ${month(at)} ${day(at)} ${clock(at)} ${offset(at)} ${at.getFullYear()}`,
  rfc822: (at) => `${day(at)} ${month(at)} ${shortYear(at)} ${hourAndMinute(at)} ${zone(at)}`,
  rfc822z: (at) => `${day(at)} ${month(at)} ${shortYear(at)} ${hourAndMinute(at)} ${offset(at)}`,
  rfc850: (at) => `${WEEKDAYS[at.getDay()]}, ${day(at)}-${month(at)}-${shortYear(at)} ${clock(at)} ${zone(at)}`,
  rfc1123: (at) => `${weekday(at)}, ${day(at)} ${month(at)} ${at.getFullYear()} ${clock(at)} ${zone(at)}`,
  rfc1123z: (at) => `${weekday(at)}, ${day(at)} ${month(at)} ${at.getFullYear()} ${clock(at)} ${offset(at)}`,
  rfc3339: (at) => `${isoDay(at)}T${clock(at)}${isoOffset(at)}`,
  rfc3339nano: (at) => `${isoDay(at)}T${clock(at)}${`.${millis(at)}`.replace(/\.?0+$/, '')}${isoOffset(at)}`,
  kitchen: (at) => `${at.getHours() % 12 || 12}:${two(at.getMinutes())}${at.getHours() < 12 ? 'AM' : 'PM'}`,
  stamp: (at) => `${month(at)} ${paddedDay(at)} ${clock(at)}`,
  stampmilli: (at) => `${month(at)} ${paddedDay(at)} ${clock(at)}.${millis(at)}`,
  stampmicro: (at) => `${month(at)} ${paddedDay(at)} ${clock(at)}.${millis(at)}000`,
  stampnano: (at) => `${month(at)} ${paddedDay(at)} ${clock(at)}.${millis(at)}000000`,
};

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function weekday(at: Date): string {
  return WEEKDAYS[at.getDay()]?.slice(0, 3) ?? '';
}

function month(at: Date): string {
  return MONTHS[at.getMonth()] ?? '';
}

function day(at: Date): string {
  return two(at.getDate());
}

function paddedDay(at: Date): string {
  return String(at.getDate()).padStart(2);
}

function shortYear(at: Date): string {
  return two(at.getFullYear() % 100);
}

function isoDay(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${day(at)}`;
}

function hourAndMinute(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

function clock(at: Date): string {
  return `${hourAndMinute(at)}:${two(at.getSeconds())}`;
}

function millis(at: Date): string {
  return String(at.getMilliseconds()).padStart(3, '0');
}

/** `+0130` */
function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

/** `+01:30`, or `Z` for UTC. */
function isoOffset(at: Date): string {
  return at.getTimezoneOffset() === 0 ? 'Z' : offset(at).replace(/\d\d$/, ':$&');
}

/** Each knows the short names of its own part of the world only. */
const LOCALES = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-IN', 'en-ZA', 'en-NZ', 'ja-JP', 'ko-KR'];

/** Looking a name up takes longer than everything else about a line. */
const zoneNames = new Map<number, string>();

/** `CET`; `-03` for a zone without letters of its own. */
function zone(at: Date): string {
  const minutes = at.getTimezoneOffset();
  let name = zoneNames.get(minutes);
  if (name === undefined) {
    name = LOCALES.map((locale) => zoneIn(locale, at)).find((text) => /^[A-Z]{2,5}$/.test(text));
    name ??= offset(at).replace(/00$/, '');
    zoneNames.set(minutes, name);
  }
  return name;
}

function zoneIn(locale: string, at: Date): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(at);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
