//! Sets of ids as one argument: the text of a statement stays the same however many there are.

use uuid::Uuid;

use super::{Dialect, Statement};

impl Dialect {
    /// Appends that a column has one of these ids.
    pub fn push_any(self, column: &str, ids: &[Uuid], statement: &mut Statement) {
        let place = self.place(ids, statement);
        statement.push(&match self {
            Self::Postgres => format!("{column} = any({place})"),
            Self::Sqlite => format!("{column} in (select unhex(value) from json_each({place}))"),
        });
    }

    /// Appends these ids as rows, `name(id, place)`, of which the places count from 1.
    pub fn push_rows(self, name: &str, ids: &[Uuid], statement: &mut Statement) {
        let place = self.place(ids, statement);
        statement.push(&match self {
            Self::Postgres => format!("unnest({place}) with ordinality as {name}(id, place)"),
            Self::Sqlite => format!("(select unhex(value) as id, key + 1 as place from json_each({place})) as {name}"),
        });
    }

    /// Binds ids as one text, and answers what it is read by.
    fn place(self, ids: &[Uuid], statement: &mut Statement) -> String {
        let list = |open: &str, id: &dyn Fn(&Uuid) -> String, close: &str| {
            format!("{open}{}{close}", ids.iter().map(id).collect::<Vec<_>>().join(","))
        };
        match self {
            Self::Postgres => {
                let place = statement.place(list("{", &|id| id.simple().to_string(), "}"));
                format!("cast({place} as uuid[])")
            }
            Self::Sqlite => statement.place(list("[", &|id| format!("\"{}\"", id.simple()), "]")),
        }
    }
}
