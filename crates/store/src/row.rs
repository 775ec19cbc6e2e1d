//! A row as it is read, from whichever database.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::Error;
use crate::resource::Version;

/// The columns of one resource.
pub struct Row<'a> {
    pub(crate) id: Uuid,
    pub(crate) version: Version,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
    pub(crate) owner: &'a str,
    pub(crate) texts: &'a dyn Texts,
}

/// Where the columns of [`Table::COLUMNS`](crate::Table::COLUMNS) are read from.
pub(crate) trait Texts {
    fn text(&self, column: &str) -> Result<Cow<'_, str>, Error>;
}

impl Row<'_> {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// How often it has changed.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// When it was made.
    #[must_use]
    pub fn created(&self) -> SystemTime {
        self.created
    }

    /// When it last changed.
    #[must_use]
    pub fn updated(&self) -> SystemTime {
        self.updated
    }

    /// Whose it is; empty: nobody's.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.owner
    }

    /// The text in `column`.
    ///
    /// # Errors
    /// [`Error::Internal`] if there is no such column, or no text in it.
    pub fn text(&self, column: &str) -> Result<Cow<'_, str>, Error> {
        self.texts.text(column)
    }

    /// What `parse` makes of the text in `column`.
    ///
    /// # Errors
    /// [`Error::Internal`], with what `parse` says.
    pub fn parse<T, E: Display>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        parse(&self.text(column)?).map_err(|why| Error::damaged(column, why.to_string()))
    }

    /// The value whose JSON is in `column`.
    ///
    /// # Errors
    /// [`Error::Internal`], with what is wrong.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        self.parse(column, |text| serde_json::from_str(text))
    }
}
