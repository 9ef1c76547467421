//! The methods of a driver whose client waits by itself.

/// The methods of a driver whose client waits by itself.
macro_rules! blocking {
    () => {
        fn run(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
            runner.run(client)
        }

        fn plan(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error> {
            runner.plan(client)
        }

        fn verify(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
            runner.verify(client)
        }

        fn repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
            runner.repair(client)
        }

        fn plan_repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error> {
            runner.plan_repair(client)
        }

        fn status(client: &mut Self::Client, runner: Runner<'_>) -> Result<Status, Error> {
            runner.status(client)
        }

        fn log(client: &mut Self::Client, runner: Runner<'_>) -> Result<Log, Error> {
            runner.log(client)
        }

        fn dry_run(client: &mut Self::Client, runner: Runner<'_>) -> Result<DryRun, Error> {
            runner.dry_run(client)
        }

        fn rollback(
            client: &mut Self::Client,
            runner: Runner<'_>,
            rollback: Rollback,
        ) -> Result<Report, Error> {
            runner.rollback(rollback, client)
        }

        fn plan_rollback(
            client: &mut Self::Client,
            runner: Runner<'_>,
            rollback: Rollback,
        ) -> Result<Plan, Error> {
            runner.plan_rollback(rollback, client)
        }

        fn verify_baseline(
            migrations: &mut Self::Client,
            baseline: &mut Self::Client,
            runner: Runner<'_>,
        ) -> Option<Result<(), Error>> {
            Some(runner.verify_baseline(migrations, baseline))
        }

        fn sql(client: &mut Self::Client, sql: &str) -> Result<Vec<String>, String> {
            exchange(client, sql)
        }
    };
}
