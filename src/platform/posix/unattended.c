/* Nothing of that here: the system's own files say what runs with nobody at it. */
#include <mxpull/platform/unattended.h>

static enum status refuse(struct error *error)
{
    return error_set(error, STATUS_SYSTEM,
                     "this is for Windows alone; here systemd, OpenRC or cron run mxpull, see "
                     "contrib/ of its sources");
}

bool unattended_exists(void)
{
    return false;
}

enum status unattended_find_files(struct unattended_files *files, const char *config,
                                  struct error *error)
{
    (void)files;
    (void)config;
    return refuse(error);
}

void unattended_files_done(struct unattended_files *files)
{
    (void)files;
}

enum status unattended_service_install(const struct unattended_files *files, struct error *error)
{
    (void)files;
    return refuse(error);
}

enum status unattended_service_remove(struct error *error)
{
    return refuse(error);
}

enum status unattended_service_start(struct error *error)
{
    return refuse(error);
}

enum status unattended_service_stop(struct error *error)
{
    return refuse(error);
}

enum status unattended_task_install(const char *xml, struct error *error)
{
    (void)xml;
    return refuse(error);
}

enum status unattended_task_remove(struct error *error)
{
    return refuse(error);
}
