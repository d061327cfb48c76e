//! Spoken sentences are declared at three places, by variant and name: ids, files, and the places
//! of use of own words. A sentence must be called the same at each.

use super::Finding;
use super::tree::Tree;

const IDS: &str = "crates/mediactl/src/prompt.rs";
const FILES: &str = "crates/media/src/sentences.rs";
const PLACES: &str = "crates/model/src/wording.rs";

/// Tones among the places of use are no sentences.
const TONE: &str = "tone-";

/// Files are those of the ids, in their order; places of use are ids or tones.
pub(crate) fn names(tree: &Tree) -> Vec<Finding> {
    let [ids, files, places] = [IDS, FILES, PLACES].map(|path| tree.text(path));
    compare(&ids, &files, &places)
}

/// One declaration: variant and name.
type Pair<'t> = (&'t str, &'t str);

pub(crate) fn compare(ids: &str, files: &str, places: &str) -> Vec<Finding> {
    let (ids, files, places) = (pairs(ids), pairs(files), pairs(places));
    let mut found = Vec::new();
    for (path, none) in
        [(IDS, ids.is_empty()), (FILES, files.is_empty()), (PLACES, places.is_empty())]
    {
        if none {
            found.push(Finding::of(path, "no sentences are declared here any more"));
        }
    }
    let told = |(variant, name): &Pair<'_>| format!("{variant} = \"{name}\"");
    if let Some((id, file)) = ids.iter().zip(&files).find(|(id, file)| id != file) {
        let text = format!("{} stands where {IDS} has {}", told(file), told(id));
        found.push(Finding::of(FILES, text));
    } else if ids.len() != files.len() {
        let text = format!("{} files of {} sentences", files.len(), ids.len());
        found.push(Finding::of(FILES, text));
    }
    for place in places.iter().filter(|p| !p.1.starts_with(TONE) && !ids.contains(p)) {
        found.push(Finding::of(PLACES, format!("{} is no sentence of {IDS}", told(place))));
    }
    found
}

/// `Variant = "name",` lines.
fn pairs(text: &str) -> Vec<Pair<'_>> {
    let declared = text.lines().filter_map(|line| {
        let (variant, name) = line.trim().strip_suffix("\",")?.split_once(" = \"")?;
        let is_word = |c: char| c.is_ascii_alphanumeric();
        (!variant.is_empty() && variant.chars().all(is_word)).then_some((variant, name))
    });
    declared.collect()
}
