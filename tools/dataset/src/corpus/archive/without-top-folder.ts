import { ArchiveError, type ArchiveContent } from './archive.js';

/** An archive's files without the one folder that is wrapped around them all. @throws ArchiveError */
export function withoutTopFolder(content: ArchiveContent): ArchiveContent {
  const files = content.files.map(({ path, bytes }) => {
    const plain = path.replace(/^\.\//, '');
    const slash = plain.indexOf('/');
    return { folder: plain.slice(0, slash), path: plain.slice(slash + 1), bytes };
  });
  if (new Set(files.map(({ folder }) => folder)).size > 1) {
    throw new ArchiveError('its files do not lie in one folder');
  }
  return { ...content, files: files.map(({ path, bytes }) => ({ path, bytes })) };
}
