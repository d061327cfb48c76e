//! The nouns of the model as rows: load, put and delete. A put of an object that exists deletes
//! its row first, so that two objects may swap a unique value inside one transaction; foreign
//! keys are checked when it commits.

pub(crate) mod admin;
pub(crate) mod department;
pub(crate) mod device;
pub(crate) mod dn_settings;
pub(crate) mod gateway;
pub(crate) mod hunt;
pub(crate) mod line;
pub(crate) mod mobile;
pub(crate) mod park_slot;
pub(crate) mod pickup;
pub(crate) mod reception;
pub(crate) mod site;
pub(crate) mod sound;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod virtual_dn;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use base::{Dn, Uuid, Wall};
use model::{BoxLimits, Destination, Forward, Spoken, TollClass};

use crate::error::DbError;
use crate::rows::{Args, id_of};

/// Columns of a row, read in order.
pub(crate) struct Columns<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r SqliteRow) -> Self {
        Columns { row, next: 0 }
    }

    fn at(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn id(&mut self) -> Result<Uuid, DbError> {
        let at = self.at();
        id_of(self.row.try_get::<&[u8], _>(at)?)
    }

    pub(crate) fn id_option(&mut self) -> Result<Option<Uuid>, DbError> {
        let at = self.at();
        self.row.try_get::<Option<&[u8]>, _>(at)?.map(id_of).transpose()
    }

    pub(crate) fn text(&mut self) -> Result<&'r str, DbError> {
        let at = self.at();
        Ok(self.row.try_get::<&str, _>(at)?)
    }

    pub(crate) fn text_option(&mut self) -> Result<Option<&'r str>, DbError> {
        let at = self.at();
        Ok(self.row.try_get::<Option<&str>, _>(at)?)
    }

    pub(crate) fn blob(&mut self) -> Result<&'r [u8], DbError> {
        let at = self.at();
        Ok(self.row.try_get::<&[u8], _>(at)?)
    }

    pub(crate) fn blob_option(&mut self) -> Result<Option<&'r [u8]>, DbError> {
        let at = self.at();
        Ok(self.row.try_get::<Option<&[u8]>, _>(at)?)
    }

    pub(crate) fn number(&mut self) -> Result<i64, DbError> {
        let at = self.at();
        Ok(self.row.try_get::<i64, _>(at)?)
    }

    pub(crate) fn number_option(&mut self) -> Result<Option<i64>, DbError> {
        let at = self.at();
        Ok(self.row.try_get::<Option<i64>, _>(at)?)
    }

    pub(crate) fn small<T: TryFrom<i64>>(&mut self) -> Result<T, DbError> {
        T::try_from(self.number()?).map_err(|_| DbError::corrupt("number"))
    }

    pub(crate) fn small_option<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, DbError> {
        let number = self.number_option()?.map(T::try_from).transpose();
        number.map_err(|_| DbError::corrupt("number"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, DbError> {
        Ok(self.number()? != 0)
    }

    pub(crate) fn wall(&mut self) -> Result<Wall, DbError> {
        self.number().map(Wall)
    }

    pub(crate) fn wall_option(&mut self) -> Result<Option<Wall>, DbError> {
        Ok(self.number_option()?.map(Wall))
    }

    pub(crate) fn dn(&mut self) -> Result<Dn, DbError> {
        parse_dn(self.text()?)
    }

    pub(crate) fn dn_option(&mut self) -> Result<Option<Dn>, DbError> {
        self.text_option()?.map(parse_dn).transpose()
    }

    /// Numbers parted by spaces.
    pub(crate) fn dns(&mut self) -> Result<Box<[Dn]>, DbError> {
        self.text()?.split_ascii_whitespace().map(parse_dn).collect()
    }

    /// Ids of 16 bytes, one after the other; none when the column is empty.
    pub(crate) fn ids(&mut self) -> Result<Vec<Uuid>, DbError> {
        self.blob_option()?.unwrap_or_default().chunks(16).map(id_of).collect()
    }

    pub(crate) fn ids_option(&mut self) -> Result<Option<Vec<Uuid>>, DbError> {
        self.blob_option()?.map(|ids| ids.chunks(16).map(id_of).collect()).transpose()
    }

    pub(crate) fn destination(&mut self) -> Result<Option<Destination>, DbError> {
        let parse = |text| Destination::parse(text).ok_or(DbError::corrupt("destination"));
        self.text_option()?.map(parse).transpose()
    }

    /// Two columns: in force, and last.
    pub(crate) fn forward(&mut self) -> Result<Forward, DbError> {
        Ok(Forward { to: self.destination()?, last: self.destination()? })
    }

    /// Three columns: the limits of a group's mailbox.
    pub(crate) fn limits(&mut self) -> Result<BoxLimits, DbError> {
        let (record_s, messages_max) = (self.small()?, self.small()?);
        Ok(BoxLimits { record_s, messages_max, keep_days: self.small()? })
    }

    /// A toll class, where one is chosen.
    pub(crate) fn toll(&mut self) -> Result<Option<TollClass>, DbError> {
        let read = |name| TollClass::of_name(name).ok_or(DbError::corrupt("toll"));
        self.text_option()?.map(read).transpose()
    }

    /// A language, where one is chosen.
    pub(crate) fn spoken(&mut self) -> Result<Option<Spoken>, DbError> {
        let at: Option<usize> = self.small_option()?;
        let of = |at| Spoken::ALL.get(at).copied().ok_or(DbError::corrupt("variant"));
        at.map(of).transpose()
    }

    /// One of `all`, by its index.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, DbError> {
        let at: usize = self.small()?;
        all.get(at).copied().ok_or(DbError::corrupt("variant"))
    }
}

/// What [`Columns::limits`] reads.
pub(crate) fn add_limits(args: &mut Args, limits: BoxLimits) {
    for number in [limits.record_s, limits.messages_max, limits.keep_days] {
        args.add(i64::from(number));
    }
}

/// What [`Columns::spoken`] reads.
pub(crate) fn add_spoken(args: &mut Args, spoken: Option<Spoken>) {
    args.add(spoken.map(|s| number_of(&s, &Spoken::ALL)));
}

/// Number of a variant: its index in `all`.
pub(crate) fn number_of<T: PartialEq>(value: &T, all: &[T]) -> i64 {
    all.iter().position(|v| v == value).unwrap_or(0) as i64
}

fn parse_dn(text: &str) -> Result<Dn, DbError> {
    Dn::parse(text).map_err(|_| DbError::corrupt("extension"))
}

/// What [`Columns::dns`] reads.
pub(crate) fn dns_text(numbers: &[Dn]) -> String {
    let mut out = String::with_capacity(numbers.len() * 6);
    for (at, dn) in numbers.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(&dn.text());
    }
    out
}

/// What [`Columns::ids`] reads.
pub(crate) fn ids_blob(ids: impl Iterator<Item = Uuid>) -> Vec<u8> {
    ids.flat_map(Uuid::bytes).collect()
}

/// What [`Columns::destination`] reads.
pub(crate) fn add_overflow(args: &mut Args, destination: Option<&Destination>) {
    args.add(destination.map(Destination::text));
}

/// What [`Columns::forward`] reads.
pub(crate) fn add_forward(args: &mut Args, forward: &Forward) {
    add_overflow(args, forward.to.as_ref());
    add_overflow(args, forward.last.as_ref());
}
