/*
 * main - sahaya-whatsapp: WhatsApp's webhook in, routers behind it, replies out.
 */
#include "app.h"

int main(int argc, char **argv)
{
    struct sah_wa_conf conf;
    char config_path[SAH_WA_PATH_SIZE];
    bool check_only = false;
    int exit_code = 0;
    size_t n_rows;
    const struct sah_conf_row *rows = sah_wa_conf_rows(&n_rows);

    if (sah_conf_main(argc, argv, "sahaya-whatsapp",
                      "takes citizens' WhatsApp messages and brings them their replies", rows,
                      n_rows, &conf, config_path, sizeof config_path, &check_only,
                      &exit_code) != SAH_OK)
        return exit_code;
    return check_only ? sah_wa_app_check(&conf, config_path)
                      : sah_wa_app_run(&conf, config_path);
}
