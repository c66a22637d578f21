const TEST_FOLDER = /(^|\/)(tests?|__tests__|__mocks__|specs?|testing|test[-_]utils|e2e)\//i;
const TEST_NAME = /(^|\/)(test_[^/]*|tests|conftest|[^/]*[._-](test|tests|spec)|[^/]*Tests?)\.\w+$/;

/** Whether a file is there to test others, by the customs of the languages. */
export function isTestPath(path: string): boolean {
  return TEST_FOLDER.test(path) || TEST_NAME.test(path);
}
