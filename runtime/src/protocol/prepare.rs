//! Takes settings from a session under which reading has side effects, and gives them back at the end.

use super::Stop;
use super::errors::Work;
use super::protocol::Protocol;
use super::session::Answer;
use crate::dialect::Class;

impl Protocol<'_> {
    /// Makes the session one in which a question opens no transaction and is answered whole. The run does so before its
    /// first question behind the observation, which is made for any session.
    pub(super) async fn prepare(&mut self) -> Result<(), Stop> {
        // A table that is missing has kept the observation from telling. A run that writes sets its own settings along
        // with the lock, before it asks anything else.
        if !self.session.set_exists && !self.writes() && !self.session.prepared {
            let question = self.dialect.peculiar();
            if !question.is_empty() {
                let answer = self.send_patiently(question).await?;
                let results = answer.map_err(|error| Stop::failed(self.error(Work::Observing, error)))?;
                self.learn_peculiar(results.first().and_then(|result| result.value(0)));
            }
        }
        if self.session.peculiar.is_none() || self.session.prepared {
            return Ok(());
        }
        self.session.prepared = true;
        let answer = self.send_patiently(self.dialect.prepare().to_owned()).await?;
        answer.map(drop).map_err(|error| Stop::failed(self.error(Work::Observing, error)))
    }

    /// Takes in what is peculiar to the session. Once that is taken from it, it has nothing peculiar left to tell.
    pub(super) fn learn_peculiar(&mut self, peculiar: Option<&str>) {
        if !self.session.prepared {
            self.session.peculiar = peculiar.map(str::to_owned);
        }
    }

    /// Gives back what [`prepare`](Self::prepare) has taken, and keeps it for another run.
    pub(super) async fn give_back_peculiar(&mut self) -> Result<(), Stop> {
        if std::mem::take(&mut self.session.prepared)
            && let Some(statement) = self.session.peculiar.take()
            && let Err(error) = self.send_to_end(statement + ";\n").await?
        {
            self.warn(format!("could not restore the session's settings: {}", error.message));
        }
        Ok(())
    }

    /// Asks a question that leaves no transaction behind. In a transaction of the caller's it reads as part of that.
    pub(super) async fn ask_apart(&mut self, question: String) -> Result<Answer, Stop> {
        let (before, behind) = self.dialect.apart();
        let leading = usize::from(!before.is_empty());
        let answer = self.send_patiently(format!("{before}{question}{behind}")).await?;
        match answer {
            Err(error) if leading > 0 && self.class(&error) == Class::InTransaction => {
                self.send_patiently(question).await
            }
            answer => Ok(answer.map(|results| results.into_iter().skip(leading).collect())),
        }
    }
}
