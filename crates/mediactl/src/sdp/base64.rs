//! Base 64 (RFC 4648 §4), as `inline:` keys need it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` with padding.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let index = (bits >> (18 - 6 * n) & 63) as usize;
            let pad = n > chunk.len();
            let letter = ALPHABET.get(index).copied().unwrap_or(b'=');
            out.push(if pad { b'=' } else { letter });
        }
    }
}

/// Exactly `N` bytes from `text`; missing padding is taken.
pub(super) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let text = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = [0; N];
    let (mut bits, mut count, mut used) = (0u32, 0, 0);
    for letter in text {
        let value = ALPHABET.iter().position(|a| a == letter)? as u32;
        bits = bits << 6 | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            *out.get_mut(used)? = (bits >> count) as u8;
            used += 1;
        }
    }
    (used == N).then_some(out)
}
