/*
 * admin - the commands of sahayactl that ask a running router.
 */
#ifndef SAHAYA_CTL_ADMIN_H
#define SAHAYA_CTL_ADMIN_H

/* Each returns the exit code: 0 done, 1 not done, 2 wrong usage. `--help` prints its own help. */
int queues_main(int argc, char **argv);
int dead_main(int argc, char **argv);
int replay_main(int argc, char **argv);
int reclassify_main(int argc, char **argv);
int quarantine_main(int argc, char **argv);

#endif
