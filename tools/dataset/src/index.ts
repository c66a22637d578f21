export {
  HOLE_KINDS,
  PREFIX_CHARS,
  SPLITS,
  SUFFIX_CHARS,
  type ContextSource,
  type Hole,
  type HoleKind,
  type HoleRecord,
  type Split,
} from './record.js';
