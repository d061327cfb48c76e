//! Telephone numbers on screens: hyphens are shown, but are no part of what is copied.

/// A number in its groups: a template writes one element each, the style sheet the hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tel(Vec<String>);

impl Tel {
    /// Groups of numbers whose form is certain; other numbers, extensions above all, stay whole.
    pub(crate) fn of(number: &str) -> Self {
        let sizes: &[usize] = match (number.len(), number.get(..4).unwrap_or_default()) {
            _ if !number.bytes().all(|b| b.is_ascii_digit()) => &[],
            (10, "0120" | "0570" | "0990") => &[4, 3, 3],
            (11, "0800") => &[4, 3, 4],
            (11, prefix) if prefix.starts_with('0') && prefix.get(2..3) == Some("0") => &[3, 4, 4],
            (10, prefix) if prefix.starts_with("03") || prefix.starts_with("06") => &[2, 4, 4],
            _ => &[],
        };
        let mut rest = number;
        let mut groups = Vec::new();
        for size in sizes {
            let (group, after) = rest.split_at_checked(*size).unwrap_or((rest, ""));
            groups.push(group.to_owned());
            rest = after;
        }
        if !rest.is_empty() {
            groups.push(rest.to_owned());
        }
        Tel(groups)
    }

    pub(crate) fn groups(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_those_of_the_numbering_plan() {
        let check = |number: &str, expected: &str| {
            assert_eq!(Tel::of(number).groups().join("-"), expected);
        };
        check("09012345678", "090-1234-5678");
        check("05012345678", "050-1234-5678");
        check("0312345678", "03-1234-5678");
        check("0120123456", "0120-123-456");
        check("08001234567", "0800-123-4567");
        check("0451234567", "0451234567");
        check("2001", "2001");
        check("*562001", "*562001");
        check("", "");
    }
}
