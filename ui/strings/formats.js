// @ts-check

/**
 * Numbers, sizes and times as a language writes them.
 * @param {string} language
 */
export function formatsOf(language) {
  const number = new Intl.NumberFormat(language);
  const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const rounded = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const kilo = 1024;

  return {
    number: (/** @type {number} */ value) => number.format(value),
    date: (/** @type {Date} */ when) => date.format(when),
    /** @param {number} width @param {number} height */
    size: (width, height) => `${width} × ${height}`,
    /** @param {number} zoom */
    percent(zoom) {
      const value = zoom * 100;
      return `${value < 10 ? rounded.format(value) : Math.round(value)} %`;
    },
    /** @param {number} seconds */
    duration(seconds) {
      if (seconds < 10) return `${tenths.format(Math.max(0.1, seconds))} s`;
      if (seconds < 90) return `${Math.round(seconds)} s`;
      return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    },
    /** @param {number} bytes */
    memory(bytes) {
      if (bytes < kilo ** 2) return `${number.format(Math.max(1, Math.round(bytes / kilo)))} KB`;
      if (bytes < kilo ** 3) return `${rounded.format(bytes / kilo ** 2)} MB`;
      return `${rounded.format(bytes / kilo ** 3)} GB`;
    },
    /** `many` has a # where the number goes. @param {number} count @param {string} one @param {string} many */
    plural: (count, one, many) => (count === 1 ? one : many.replace("#", number.format(count))),
  };
}
