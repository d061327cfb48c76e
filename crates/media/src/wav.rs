//! Our own sound files: RIFF/WAVE with G.711 at 8 kHz, one channel, in one fixed layout.
//!
//! ```text
//! RIFF size WAVE · fmt  18: tag 6 or 7, 1 channel, 8,000 Hz · fact 4: samples · data size · octets
//! ```
//!
//! While it is recorded its sizes are zero; they are filled in at the end.

use rtp::g711::Law;

/// Octets before the samples.
pub(crate) const HEADER: usize = 58;

/// The header of a file with so many samples; 0 while it grows.
pub(crate) fn header(law: Law, samples: u32) -> [u8; HEADER] {
    let tag: u16 = match law {
        Law::A => 6,
        Law::Mu => 7,
    };
    let riff = if samples == 0 { 0 } else { HEADER as u32 - 8 + samples };
    let parts: [&[u8]; 14] = [
        b"RIFF",
        &riff.to_le_bytes(),
        b"WAVEfmt ",
        &18u32.to_le_bytes(),
        &tag.to_le_bytes(),
        &1u16.to_le_bytes(),
        &8_000u32.to_le_bytes(),
        &8_000u32.to_le_bytes(),
        &[1, 0, 8, 0, 0, 0],
        b"fact",
        &4u32.to_le_bytes(),
        &samples.to_le_bytes(),
        b"data",
        &samples.to_le_bytes(),
    ];
    let mut out = [0; HEADER];
    out.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
    out
}

/// Law and samples of one of our files; `None` when it is none.
pub(crate) fn parse(file: &[u8]) -> Option<(Law, &[u8])> {
    let (head, samples) = file.split_first_chunk::<HEADER>()?;
    let law = law_of(head)?;
    let told = u32::from_le_bytes(*head.last_chunk()?);
    // One that was never finished says 0: then all that is there counts.
    let len = if told == 0 { samples.len() } else { (told as usize).min(samples.len()) };
    Some((law, samples.get(..len)?))
}

/// The law in one of our headers.
pub(crate) fn law_of(head: &[u8; HEADER]) -> Option<Law> {
    let law = match head.get(20)? {
        6 => Law::A,
        7 => Law::Mu,
        _ => return None,
    };
    let mut blank = *head;
    for sizes in [4..8, 46..50, 54..58] {
        blank.get_mut(sizes)?.fill(0);
    }
    (blank == header(law, 0)).then_some(law)
}
