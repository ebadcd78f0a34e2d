/** Takes CHANGELOG.md and a version. Gives what the version's section says. Throws if there is none. */
export function notesOf(changelog, version) {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => /^## \[?([^\]\s]+)/.exec(text)?.[1] === version);
  if (!section)
    throw new Error(`CHANGELOG.md has no section ${version}: what is under Unreleased moves there`);
  return section.replace(/^.*\n/, '').trim();
}
