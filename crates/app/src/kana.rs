//! Search and sort keys of Japanese names (J90–J95).

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;

/// Key for searching: NFKC, hiragana as katakana, small kana large, voice marks dropped, `ー` as
/// the vowel before it, blanks dropped, Latin in lower case, variant kanji as the common form.
pub fn search_key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if c.is_whitespace() {
            continue;
        }
        let c = parts(katakana(c)).base;
        let c = if c == 'ー' { out.chars().next_back().and_then(vowel).unwrap_or(c) } else { c };
        out.push(common_kanji(c));
    }
    out
}

/// Whether a name, its reading or a number holds `query`; all words of the query must occur.
pub fn matches(query: &str, fields: &[&str]) -> bool {
    let keys: Vec<String> = fields.iter().map(|f| search_key(f)).collect();
    query.split_whitespace().map(search_key).all(|word| keys.iter().any(|k| k.contains(&word)))
}

/// Key for sorting by reading: first the letters, then voice marks, then size and long marks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    letters: String,
    voices: Vec<u8>,
    sizes: Vec<u8>,
}

/// The sort key of a reading. Equal readings in hiragana, katakana and half-width are equal.
pub fn sort_key(reading: &str) -> SortKey {
    let mut key = SortKey { letters: String::new(), voices: Vec::new(), sizes: Vec::new() };
    for c in reading.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()) {
        let c = katakana(c);
        let before = key.letters.chars().next_back();
        let (letter, voice, size) = match (c, before.and_then(vowel)) {
            ('ー', Some(vowel)) => (vowel, 0, 0),
            _ => {
                let parts = parts(c);
                (parts.base, parts.voice, if parts.small { 0 } else { 1 })
            }
        };
        key.letters.push(letter);
        key.voices.push(voice);
        key.sizes.push(size);
    }
    key
}

/// Order of two people: by reading, those without one last, then by name, then by `then`.
pub fn by_reading(a: (&SortKey, &str), b: (&SortKey, &str), then: Ordering) -> Ordering {
    let empty = |k: &SortKey| k.letters.is_empty();
    (empty(a.0), a.0, a.1).cmp(&(empty(b.0), b.0, b.1)).then(then)
}

struct Parts {
    base: char,
    /// 0 plain, 1 voiced, 2 half-voiced.
    voice: u8,
    small: bool,
}

fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        other => other,
    }
}

fn parts(c: char) -> Parts {
    let mut base = c;
    let mut voice = 0;
    let mut decomposed = std::iter::once(c).nfd();
    if matches!(c, 'ァ'..='ヺ')
        && let (Some(first), Some(mark)) = (decomposed.next(), decomposed.next())
    {
        base = first;
        voice = if mark == '\u{309A}' { 2 } else { 1 };
    }
    let large = match base {
        'ァ' => 'ア',
        'ィ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' => 'エ',
        'ォ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        other => other,
    };
    Parts { base: large, voice, small: large != base }
}

/// The vowel that a long mark behind a large, unvoiced katakana stands for.
fn vowel(c: char) -> Option<char> {
    match c {
        'ア' | 'カ' | 'サ' | 'タ' | 'ナ' | 'ハ' | 'マ' | 'ヤ' | 'ラ' | 'ワ' => Some('ア'),
        'イ' | 'キ' | 'シ' | 'チ' | 'ニ' | 'ヒ' | 'ミ' | 'リ' | 'ヰ' => Some('イ'),
        'ウ' | 'ク' | 'ス' | 'ツ' | 'ヌ' | 'フ' | 'ム' | 'ユ' | 'ル' => Some('ウ'),
        'エ' | 'ケ' | 'セ' | 'テ' | 'ネ' | 'ヘ' | 'メ' | 'レ' | 'ヱ' => Some('エ'),
        'オ' | 'コ' | 'ソ' | 'ト' | 'ノ' | 'ホ' | 'モ' | 'ヨ' | 'ロ' | 'ヲ' => Some('オ'),
        _ => None,
    }
}

/// Variant kanji that names use, as the form that people type.
fn common_kanji(c: char) -> char {
    match c {
        '髙' => '高',
        '﨑' | '嵜' => '崎',
        '邊' | '邉' => '辺',
        '齋' | '斎' | '齊' => '斉',
        '濵' | '濱' => '浜',
        '澤' => '沢',
        '廣' => '広',
        '國' => '国',
        '櫻' => '桜',
        '嶋' | '嶌' => '島',
        '德' => '徳',
        '𠮷' => '吉',
        other => other,
    }
}
