/**
 * Whether a Python with OpenAI's client is here (`test/python/requirements.txt`, which .ci/run installs). For `test.skipIf(!pythonAvailable())`. Throws when it is
 * missing and GATEHOUSE_TEST_REQUIRE (a comma list) names `python`.
 */
export function pythonAvailable(): boolean {
  if (Bun.which('python3') !== null && Bun.spawnSync(['python3', '-c', 'import openai']).exitCode === 0) return true;
  const required = (process.env['GATEHOUSE_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes('python'))
    throw new Error("GATEHOUSE_TEST_REQUIRE names python, but there is no python3 with OpenAI's client on the PATH");
  return false;
}
