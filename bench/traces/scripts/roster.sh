# SPDX-License-Identifier: MIT
# Plans shifts with arrays, patterns and functions of bash alone: no other program is started.
#
#     bash roster.sh WEEKS
RANDOM=5
declare -A worked last_note
people=(Ada Bela Caro Dina Emil Fritz Gesa Hugo Ines Jan)

pick() {
  local day=$1 person
  local -a free=()
  for person in "${people[@]}"; do
    if [[ ${last_note[$person]-} != *" $day" ]]; then
      free+=("$person")
    fi
  done
  chosen=${free[RANDOM % ${#free[@]}]}
}

note() {
  local person=$1 week=$2 day=$3 text
  printf -v text '%s in week %03d on %s' "$person" "$week" "$day"
  worked[$person]=$((${worked[$person]-0} + 1))
  last_note[$person]="${text//week /w} $day"
  lines+=("${text^^}")
}

for ((week = 0; week < $1; ++week)); do
  lines=()
  for day in Mon Tue Wed Thu Fri Sat Sun; do
    for shift in early late night; do
      pick "$day"
      note "$chosen" "$week" "$day"
    done
  done
  plan=$(IFS=$'\n'; echo "${lines[*]}") || exit
  while IFS=' ' read -r who _ _ number rest; do
    [[ $rest == *SUN ]] && printf '%s %s\n' "${who,,}" "$number"
  done <<<"$plan"
done
for person in "${!worked[@]}"; do
  echo "$person ${worked[$person]}"
done
