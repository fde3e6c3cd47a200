// One function for each scheduler: from its options to what one Pod needs.
#pragma once

#include "directives.hpp"

namespace plimsoll::batch_script {

/// Source: sbatch(1) of Slurm 23.11.
void translate_slurm(const Directives& directives, Script& script, Findings& findings);
/// Source: qsub(1B) and pbs_resources(7B) of OpenPBS 23; of Torque what differs: nodes, ppn, gpus, pmem, -t.
void translate_pbs(const Directives& directives, Script& script, Findings& findings);

}  // namespace plimsoll::batch_script
