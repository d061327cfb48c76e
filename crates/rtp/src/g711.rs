//! G.711: µ-law and A-law.

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// PCMU.
    Mu,
    /// PCMA.
    A,
}

impl Law {
    /// The octet of silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xff,
            Self::A => 0xd5,
        }
    }

    /// One sample, 16 bit linear.
    pub const fn decode(self, octet: u8) -> i16 {
        match self {
            Self::Mu => MU_TO_LINEAR[octet as usize],
            Self::A => A_TO_LINEAR[octet as usize],
        }
    }

    /// The nearest octet of a sample.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => linear_to_mu(sample),
            Self::A => linear_to_a(sample),
        }
    }

    /// The octet of the other law for an octet of this one.
    pub const fn to_other(self, octet: u8) -> u8 {
        match self {
            Self::Mu => MU_TO_A[octet as usize],
            Self::A => A_TO_MU[octet as usize],
        }
    }
}

const MU_TO_LINEAR: [i16; 256] = table_i16(Law::Mu);
const A_TO_LINEAR: [i16; 256] = table_i16(Law::A);
const MU_TO_A: [u8; 256] = table_map(Law::Mu);
const A_TO_MU: [u8; 256] = table_map(Law::A);

const fn table_i16(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = match law {
            Law::Mu => mu_to_linear(n as u8),
            Law::A => a_to_linear(n as u8),
        };
        n += 1;
    }
    table
}

const fn table_map(from: Law) -> [u8; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = match from {
            Law::Mu => linear_to_a(mu_to_linear(n as u8)),
            Law::A => linear_to_mu(a_to_linear(n as u8)),
        };
        n += 1;
    }
    table
}

/// Added before the logarithm is taken (G.711 µ-law on a 16-bit scale).
const MU_BIAS: i32 = 0x84;

const fn mu_to_linear(octet: u8) -> i16 {
    let code = !octet;
    let exponent = (code >> 4) & 7;
    let mantissa = (code & 0x0f) as i32;
    let magnitude = (((mantissa << 3) + MU_BIAS) << exponent) - MU_BIAS;
    if code & 0x80 != 0 { -magnitude as i16 } else { magnitude as i16 }
}

const fn linear_to_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let clipped = (sample as i32).abs();
    let magnitude = if clipped > 32_635 { 32_635 } else { clipped } + MU_BIAS;
    let exponent = 24 - (magnitude as u32).leading_zeros() as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

const fn a_to_linear(octet: u8) -> i16 {
    let code = octet ^ 0x55;
    let exponent = (code >> 4) & 7;
    let mantissa = (code & 0x0f) as i32;
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        e => ((mantissa << 4) + 0x108) << (e - 1),
    };
    if code & 0x80 != 0 { magnitude as i16 } else { -magnitude as i16 }
}

const fn linear_to_a(sample: i16) -> u8 {
    let (sign, magnitude) =
        if sample >= 0 { (0x80, sample as i32) } else { (0, -(sample as i32) - 1) };
    let exponent =
        if magnitude > 0xff { 24 - (magnitude as u32).leading_zeros() as i32 } else { 0 };
    let shift = if exponent > 1 { exponent + 3 } else { 4 };
    let mantissa = (magnitude >> shift) & 0x0f;
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}
