//! SQL text with its arguments.

use std::borrow::Cow;

use super::Arg;

/// SQL text with its arguments, written with [`sql!`](crate::sql) or, where the text depends on the resource,
/// assembled with [`push`](Self::push). Values only ever go in as arguments.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(super) text: Cow<'static, str>,
    pub(super) args: Vec<Arg>,
}

impl Statement {
    /// A statement that starts with this text.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), args: Vec::new() }
    }

    /// Adds the argument of the next `$n` in the text.
    pub fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends a placeholder and binds its argument.
    pub fn push_arg(&mut self, arg: impl Into<Arg>) -> &mut Self {
        let place = self.place(arg);
        self.push(&place)
    }

    /// Binds an argument and answers its placeholder, for an expression around it.
    pub fn place(&mut self, arg: impl Into<Arg>) -> String {
        self.args.push(arg.into());
        format!("${}", self.args.len())
    }

    /// Appends placeholders for all arguments, separated by commas.
    pub fn push_args(&mut self, args: impl IntoIterator<Item = impl Into<Arg>>) -> &mut Self {
        for (index, arg) in args.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.push_arg(arg);
        }
        self
    }
}

/// A [`Statement`]: `sql!("select … where id = $1", id)`.
#[macro_export]
macro_rules! sql {
    ($text:literal $(, $arg:expr)* $(,)?) => {
        $crate::core::db::Statement::new($text)$(.bind($arg))*
    };
}
