/** Twenty letters and digits: about 100 bits. */
export function createAnswerId(random: () => number): string {
  const half = () =>
    Math.floor(random() * 36 ** 10)
      .toString(36)
      .padStart(10, '0');
  return half() + half();
}
