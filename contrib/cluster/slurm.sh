#!/bin/sh
#SBATCH --job-name=mxpull
#SBATCH --array=1-10
#SBATCH --ntasks=1
#SBATCH --mem=500M
# One shard for each task of the array. A passed --array takes the place of the one above.
exec mxpull pull -q --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX"
